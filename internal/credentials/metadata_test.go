package credentials_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/credentials"
)

func keyBody(id, secret, token, expires string) string {
	return fmt.Sprintf(`{"credential":{"access":%q,"secret":%q,"securitytoken":%q,"expires_at":%q}}`, id, secret, token, expires)
}

// firstVersion is a metadata service without session tokens.
func firstVersion(keys http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		keys(w, r)
	}
}

// Version 2 of the service wants a session token with each request.
func TestMetadataSession(t *testing.T) {
	key := keyBody("id", "secret", "temp", "2999-01-01T00:00:00Z")
	for name, test := range map[string]struct {
		status int
		token  string
		want   credentials.Kind // 0: none
	}{
		"version 2":        {200, "a-token", 0},
		"version 1":        {404, "", 0},
		"version 1, 405":   {405, "", 0},
		"version 1, 503":   {503, "", 0},
		"rejected":         {401, "", credentials.Denied},
		"broken":           {500, "", credentials.Unavailable},
		"empty":            {200, "", credentials.Malformed},
		"two lines":        {200, "a\r\nb", credentials.Malformed},
		"more than a line": {200, "a b", credentials.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, withMetadata("http://169.254.169.254"), credentials.Options{Transport: direct{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.Method == http.MethodPut && r.URL.Path == "/meta-data/latest/api/token" && r.Header.Get("X-Metadata-Token-Ttl-Seconds") != "":
					says(test.status, test.token)(w, r)
				case r.Method == http.MethodGet && r.URL.Path == "/openstack/latest/securitykey" && r.Header.Get("X-Metadata-Token") == test.token:
					says(200, key)(w, r)
				default:
					t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
				}
			})}})
			if test.want == 0 {
				verify(t, authorized(t, p, project), nil, "id", "secret", time.Now())
			} else if e := refused(t, p, project); e.Kind != test.want {
				t.Errorf("got %+v, want %v", *e, test.want)
			}
		})
	}
}

func TestMetadataSigns(t *testing.T) {
	asked := 0
	server := httptest.NewServer(firstVersion(func(w http.ResponseWriter, r *http.Request) {
		asked++
		if r.Method != http.MethodGet || r.RequestURI != "/openstack/latest/securitykey" {
			t.Errorf("%s %s", r.Method, r.RequestURI)
		}
		says(200, keyBody("id", "secret", "temp", time.Now().Add(time.Hour).UTC().Format(iamTime)))(w, r)
	}))
	defer server.Close()
	p := provider(t, withMetadata(server.URL), credentials.Options{})
	for _, id := range []string{project, other, project} {
		r := authorized(t, p, id)
		verify(t, r, nil, "id", "secret", time.Now())
		if got := r.Header.Get("X-Security-Token"); got != "temp" {
			t.Errorf("X-Security-Token %q", got)
		}
	}
	if asked != 1 || p.CallersOwn() {
		t.Errorf("asked %d times, want once", asked)
	}
}

// The service gives a new key shortly before the end of the old one.
func TestMetadataIsRenewedAheadOfTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		asked := 0
		p := provider(t, withMetadata("http://169.254.169.254"), credentials.Options{Transport: direct{firstVersion(func(w http.ResponseWriter, r *http.Request) {
			asked++
			n := int((time.Since(start) + 10*time.Minute) / time.Hour)
			says(200, keyBody(fmt.Sprintf("id%d", n), "secret", "temp", start.Add(time.Duration(n+1)*time.Hour).Format(time.RFC3339)))(w, r)
		})}})
		for range 24 * 60 {
			r := authorized(t, p, project)
			n := int(time.Since(start) / time.Hour)
			got := r.Header.Get("Authorization")
			valid := false
			for _, id := range []string{fmt.Sprintf("id%d", n), fmt.Sprintf("id%d", n+1)} {
				valid = valid || len(got) > 30 && got[:len("SDK-HMAC-SHA256 Access=")+len(id)+1] == "SDK-HMAC-SHA256 Access="+id+","
			}
			if !valid {
				t.Fatalf("after %v signed by %s", time.Since(start), got)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if asked < 24 || asked > 24*8 {
			t.Errorf("asked %d times in 24 hours", asked)
		}
	})
}

func TestMetadataRefused(t *testing.T) {
	var n atomic.Int32
	p := provider(t, withMetadata("http://169.254.169.254"), credentials.Options{Transport: direct{firstVersion(func(w http.ResponseWriter, r *http.Request) {
		says(200, keyBody(fmt.Sprintf("id%d", n.Load()), "secret", "temp", "2999-01-01T00:00:00Z"))(w, r)
	})}})
	one, two := authorized(t, p, project), authorized(t, p, project)
	n.Add(1)
	if !p.Refresh(t.Context(), one, project) || !p.Refresh(t.Context(), two, project) {
		t.Error("there is another key, and that is not said")
	}
	r := authorized(t, p, project)
	verify(t, r, nil, "id1", "secret", time.Now())
	if p.Refresh(t.Context(), r, project) {
		t.Error("another key is said to be there")
	}
}

// The service has the same key as before: a second attempt makes no sense.
func TestMetadataRefusedWithoutAnother(t *testing.T) {
	p := provider(t, withMetadata("http://169.254.169.254"), credentials.Options{
		Transport: direct{firstVersion(says(200, keyBody("id", "secret", "temp", "2999-01-01T00:00:00Z")))},
	})
	if p.Refresh(t.Context(), authorized(t, p, project), project) {
		t.Error("another key is said to be there")
	}
}

func TestMetadataFailures(t *testing.T) {
	const end = "2999-01-01T00:00:00Z"
	for name, test := range map[string]struct {
		handler http.HandlerFunc
		want    credentials.Kind
	}{
		"no agency":   {says(404, ""), credentials.Denied},
		"401":         {says(401, ""), credentials.Denied},
		"500":         {says(500, ""), credentials.Unavailable},
		"redirect":    {says(302, "", "Location", "/"), credentials.Malformed},
		"HTML":        {says(200, "<html>"), credentials.Malformed},
		"empty":       {says(200, "{}"), credentials.Malformed},
		"no ID":       {says(200, keyBody("", "secret", "temp", end)), credentials.Malformed},
		"comma":       {says(200, keyBody("a,b", "secret", "temp", end)), credentials.Malformed},
		"no secret":   {says(200, keyBody("id", "", "temp", end)), credentials.Malformed},
		"no token":    {says(200, keyBody("id", "secret", "", end)), credentials.Malformed},
		"line end":    {says(200, keyBody("id", "secret", "a\r\nb", end)), credentials.Malformed},
		"no end":      {says(200, keyBody("id", "secret", "temp", "")), credentials.Malformed},
		"over":        {says(200, keyBody("id", "secret", "temp", "2020-01-01T00:00:00Z")), credentials.Malformed},
		"their clock": {says(200, keyBody("id", "secret", "temp", end), "Date", "Mon, 01 Jan 2999 00:00:00 GMT"), credentials.Malformed},
	} {
		t.Run(name, func(t *testing.T) {
			var told observed
			p := provider(t, withMetadata("http://169.254.169.254"), credentials.Options{Transport: direct{firstVersion(test.handler)}, Observe: told.observe})
			e := refused(t, p, project)
			if e.Kind != test.want || e.Source != "ecs_metadata" || e.RetryAfter <= 0 {
				t.Errorf("got %+v, want %v", *e, test.want)
			}
			refused(t, p, project)
			if got := told.outcomes(); len(got) != 1 || got[0] != test.want.String() {
				t.Errorf("told %v", got)
			}
		})
	}
}
