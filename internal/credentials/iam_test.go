package credentials_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/credentials"
)

func TestPasswordRequest(t *testing.T) {
	for _, suffix := range []string{"", "/", "/v3", "/v3/"} {
		got, body := askedOf(t, suffix, func(endpoint string) credentials.Provider {
			return provider(t, withPassword(endpoint, env(canaryPassword)), credentials.Options{})
		})
		if got.Method != http.MethodPost || got.RequestURI != "/v3/auth/tokens?nocatalog=true" {
			t.Errorf("endpoint%s: %s %s", suffix, got.Method, got.RequestURI)
		}
		if !got.Close {
			t.Error("the connection is kept")
		}
		if got.Header.Get("Content-Type") != "application/json" || got.Header.Get("Authorization") != "" {
			t.Errorf("header %v", got.Header)
		}
		wantJSON(t, body, `{"auth":{"identity":{"methods":["password"],"password":{"user":{
			"name":"connsvc","password":"CANARY \"pass\\word\"","domain":{"name":"OTC-EU-1"}}}},
			"scope":{"project":{"id":"`+project+`"}}}}`)
	}
}

func TestAgencyRequest(t *testing.T) {
	got, body := askedOf(t, "", func(endpoint string) credentials.Provider {
		return provider(t, withAgency(endpoint), credentials.Options{})
	})
	if got.Method != http.MethodPost || got.RequestURI != "/v3/auth/tokens?nocatalog=true" {
		t.Errorf("%s %s", got.Method, got.RequestURI)
	}
	got.URL.Host = got.Host
	verify(t, got, body, canaryID, canarySecret, time.Now())
	wantJSON(t, body, `{"auth":{"identity":{"methods":["assume_role"],"assume_role":{
		"domain_name":"OTC-EU-1","xrole_name":"dli"}},"scope":{"project":{"id":"`+project+`"}}}}`)
}

// askedOf returns what IAM was asked for the token of a call.
func askedOf(t *testing.T, suffix string, make func(endpoint string) credentials.Provider) (*http.Request, []byte) {
	t.Helper()
	var got *http.Request
	var body []byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		(&iamServer{}).ServeHTTP(w, r)
	}))
	defer server.Close()
	p := make(server.URL + suffix)
	if got, want := tokenOf(t, p, project), "CANARY-"+project+"-1"; got != want {
		t.Errorf("token %q, want %q", got, want)
	}
	if p.CallersOwn() {
		t.Error("the token is said to be the caller's")
	}
	return got, body
}

func wantJSON(t *testing.T, got []byte, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

func TestTokenOfEachProject(t *testing.T) {
	var told observed
	iam := &iamServer{}
	p := provider(t, withPassword("https://iam.example.com", env("P")), credentials.Options{Transport: direct{iam}, Observe: told.observe})
	for range 3 {
		for _, id := range []string{project, other} {
			if got := tokenOf(t, p, id); !strings.HasPrefix(got, "CANARY-"+id) {
				t.Errorf("project %s has token %q", id, got)
			}
		}
	}
	if diff := cmp.Diff([]string{project, other}, iam.projects); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	for i, want := range []string{project, other} {
		got := told.told[i]
		left := time.Until(got.Expires)
		if got.Source != "iam_password" || got.Project != want || got.Err != nil || left > 24*time.Hour || left < 23*time.Hour {
			t.Errorf("told %+v", got)
		}
	}
}

// What is kept is bounded: the project whose token was used last longest ago goes.
func TestProjectsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		iam := &iamServer{}
		p := iamProvider(t, iam, nil)
		id := func(n int) string { return fmt.Sprint("p", n) }
		const most = 4096
		for n := range most {
			tokenOf(t, p, id(n))
		}
		tokenOf(t, p, id(0))
		tokenOf(t, p, "onemore")
		before := iam.asked()
		tokenOf(t, p, id(0))
		tokenOf(t, p, id(most-1))
		if iam.asked() != before {
			t.Error("a token that was used lately is gone")
		}
		tokenOf(t, p, id(1))
		if iam.asked() != before+1 {
			t.Error("nothing made room")
		}
	})
}

func TestTokenLifetimeIsByTheClockOfIAM(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const issued, expires = `"issued_at":"2031-01-01T00:00:00.000000Z"`, `"expires_at":"2031-01-01T06:00:00.000000Z"`
	for name, test := range map[string]struct {
		body, date string
		want       time.Duration // 0: an error
	}{
		"issued":           {`{"token":{` + issued + `,` + expires + `}}`, "", 6 * time.Hour},
		"Date":             {`{"token":{` + expires + `}}`, "Wed, 01 Jan 2031 02:00:00 GMT", 4 * time.Hour},
		"issued long ago":  {`{"token":{` + issued + `,` + expires + `}}`, "Wed, 01 Jan 2031 05:00:00 GMT", time.Hour},
		"over by its Date": {`{"token":{` + issued + `,` + expires + `}}`, "Wed, 01 Jan 2031 06:00:01 GMT", 0},
		"a microsecond":    {`{"token":{"issued_at":"2031-01-01T00:00:00.000000Z","expires_at":"2031-01-01T00:00:00.000001Z"}}`, "", time.Second},
		"our clock":        {`{"token":{"expires_at":"2026-01-02T05:04:05Z"}}`, "", 2 * time.Hour},
		"no end in sight":  {`{"token":{"expires_at":"9999-12-31T23:59:59Z"}}`, "", 24 * time.Hour},
		"over":             {`{"token":{"expires_at":"2026-01-02T03:04:05Z"}}`, "", 0},
		"issued after end": {`{"token":{"issued_at":"2031-01-02T00:00:00Z",` + expires + `}}`, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			var told observed
			p := provider(t, withPassword("https://iam.example.com", env("P")), credentials.Options{
				Now: func() time.Time { return now }, Observe: told.observe,
				Transport: direct{http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("X-Subject-Token", "t")
					w.Header().Set("Date", test.date)
					w.WriteHeader(http.StatusCreated)
					_, _ = io.WriteString(w, test.body)
				})},
			})
			if test.want == 0 {
				if e := refused(t, p, project); e.Kind != credentials.Malformed {
					t.Errorf("error %v", e)
				}
				return
			}
			tokenOf(t, p, project)
			if got, want := told.told[0].Expires.Sub(now), test.want-min(test.want/20, time.Minute); got != want {
				t.Errorf("ends after %v, want %v", got, want)
			}
		})
	}
}
