package auth_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/signing"
)

const secretKey = "0123456789abcdef0123456789abcdef"

func signerConfig() *configv1.Auth {
	return &configv1.Auth{AccessKeys: []*configv1.CallerKey{
		{Name: "terraform", Id: "AK", Secret: secret("SK"), Groups: []string{"platform"}}, {Name: "other", Id: "OTHER", Secret: secret("SK")},
	}}
}

func signer(t *testing.T, v *vault) *auth.Authenticator {
	t.Helper()
	a, err := auth.New(signerConfig(), options(v, &bytes.Buffer{}))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// verify sends a request with a body, and returns its principal or the failure.
func verify(a *auth.Authenticator, r *http.Request, body string) string {
	s, failure := head(a, r)
	if s == nil {
		return failure
	}
	return end(s, r, body)
}

// head sends the head of a request.
func head(a *auth.Authenticator, r *http.Request) (s *auth.Signature, failure string) {
	_, s, err := a.Authenticate(r.Context(), auth.Credentials{Authorization: r.Header["Authorization"], Request: r})
	if err != nil {
		return nil, kindOf(err)
	}
	return s, ""
}

// end sends the end of the body.
func end(s *auth.Signature, r *http.Request, body string) string {
	p, err := s.Verify(r.Context(), sha256.Sum256([]byte(body)), r.Method != http.MethodGet)
	if err != nil {
		return kindOf(err)
	}
	return p.Name
}

func kindOf(err error) string {
	var failed *auth.Error
	errors.As(err, &failed)
	return string(failed.Kind)
}

func signedRequest(t *testing.T, method, body string) *http.Request {
	t.Helper()
	return signedAs(t, "AK", method, body)
}

func signedAs(t *testing.T, key, method, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, "http://connsvc/v2.0/p/x", strings.NewReader(body))
	signing.Sign(r, []byte(body), signing.Credentials{AccessKeyID: key, SecretAccessKey: secretKey}, time.Now())
	return r
}

// TestReplays: a change is accepted once while its signature is valid, a read each time.
func TestReplays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := signer(t, &vault{held: map[string]string{"SK": secretKey}})
		defer a.Close()
		read, change := signedRequest(t, "GET", ""), signedRequest(t, "POST", "{}")
		for _, tt := range []struct {
			wait         time.Duration
			read, change string
		}{
			{0, "access_key:terraform", "access_key:terraform"},
			{0, "access_key:terraform", "replayed"},
			{14 * time.Minute, "access_key:terraform", "replayed"},
			{2 * time.Minute, "expired", "expired"},
		} {
			time.Sleep(tt.wait)
			if got := verify(a, read, ""); got != tt.read {
				t.Errorf("a read is %s, want %s", got, tt.read)
			}
			if got := verify(a, change, "{}"); got != tt.change {
				t.Errorf("a change is %s, want %s", got, tt.change)
			}
		}
	})
}

// TestSlowReplay: a change whose body ends after its signature has expired, and is forgotten,
// is not accepted.
func TestSlowReplay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := signer(t, &vault{held: map[string]string{"SK": secretKey}})
		defer a.Close()
		change, slow := signedRequest(t, "POST", "{}"), signedRequest(t, "GET", "")
		if got := verify(a, change, "{}"); got != "access_key:terraform" {
			t.Fatal(got)
		}
		time.Sleep(14*time.Minute + 59*time.Second)
		replayed, failure := head(a, change)
		read, _ := head(a, slow)
		if failure != "" {
			t.Fatal(failure)
		}
		time.Sleep(2 * time.Second)
		if got := end(replayed, change, "{}"); got != "expired" {
			t.Errorf("the change again is %s", got)
		}
		if got := end(read, slow, ""); got != "expired" {
			t.Errorf("a read is %s", got)
		}
	})
}

// TestReplayWithTheClockSetBack: a signature that was forgotten does not become valid again.
func TestReplayWithTheClockSetBack(t *testing.T) {
	now := time.Now()
	o := options(&vault{held: map[string]string{"SK": secretKey}}, &bytes.Buffer{})
	o.Now = func() time.Time { return now }
	a, err := auth.New(signerConfig(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	change := signedRequest(t, "POST", "{}")
	if got := verify(a, change, "{}"); got != "access_key:terraform" {
		t.Fatal(got)
	}
	now = now.Add(20 * time.Minute)
	later := httptest.NewRequestWithContext(t.Context(), "POST", "http://connsvc/v2.0/p/x", strings.NewReader("{}"))
	signing.Sign(later, []byte("{}"), signing.Credentials{AccessKeyID: "AK", SecretAccessKey: secretKey}, now)
	if got := verify(a, later, "{}"); got != "access_key:terraform" {
		t.Fatal(got)
	}
	now = now.Add(-20 * time.Minute)
	if got := verify(a, change, "{}"); got != "expired" {
		t.Errorf("the change again is %s", got)
	}
}

// TestReplaysAreBounded: an access key that signs too many changes is refused more, so
// that nothing is forgotten, and takes no room from another.
func TestReplaysAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := signer(t, &vault{held: map[string]string{"SK": secretKey}})
		defer a.Close()
		a.LimitReplays(50)
		first := signedRequest(t, "POST", "first")
		for i := range 60 {
			body, want := strconv.Itoa(i), "access_key:terraform"
			r := signedRequest(t, "PUT", body)
			if i == 0 {
				r, body = first, "first"
			}
			if i >= 50 {
				want = "unavailable"
			}
			if got := verify(a, r, body); got != want {
				t.Fatalf("change %d is %s, want %s", i, got, want)
			}
		}
		if got := verify(a, first, "first"); got != "replayed" {
			t.Errorf("the first one again is %s", got)
		}
		if got := verify(a, signedAs(t, "OTHER", "POST", "x"), "x"); got != "access_key:other" {
			t.Errorf("another key's is %s", got)
		}
		time.Sleep(16 * time.Minute)
		if got := verify(a, signedRequest(t, "POST", "y"), "y"); got != "access_key:terraform" {
			t.Errorf("one after the others have expired is %s", got)
		}
	})
}

// TestReloadKeepsReplays: a change is not accepted again by what replaces an Authenticator.
func TestReloadKeepsReplays(t *testing.T) {
	v := &vault{held: map[string]string{"SK": secretKey}}
	before := signer(t, v)
	change := signedRequest(t, "DELETE", "")
	if got := verify(before, change, ""); got != "access_key:terraform" {
		t.Fatal(got)
	}
	o := options(v, &bytes.Buffer{})
	o.Previous = before
	after, err := auth.New(signerConfig(), o)
	if err != nil {
		t.Fatal(err)
	}
	before.Close()
	defer after.Close()
	if got := verify(after, change, ""); got != "replayed" {
		t.Errorf("got %s", got)
	}
}

// TestKeysChange: a new secret counts, the old one does not any more.
func TestKeysChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := &vault{held: map[string]string{"SK": strings.Repeat("x", 32)}}
		a := signer(t, v)
		defer a.Close()
		if got := verify(a, signedRequest(t, "GET", ""), ""); got != "invalid" {
			t.Errorf("got %s", got)
		}
		v.set("SK", secretKey)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := verify(a, signedRequest(t, "GET", ""), ""); got != "access_key:terraform" {
			t.Errorf("got %s", got)
		}
	})
}

func TestShortSecretKeys(t *testing.T) {
	_, err := auth.New(&configv1.Auth{AccessKeys: []*configv1.CallerKey{{Name: "a", Id: "AK", Secret: secret("SK")}}},
		options(&vault{held: map[string]string{"SK": "CANARY"}}, &bytes.Buffer{}))
	if err == nil || err.Error() != "auth.access_keys[0].secret: must have at least 32 characters" {
		t.Errorf("got %v", err)
	}
}
