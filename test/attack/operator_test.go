package attack_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/signing"
)

// TestOperatorsPort tries to change the log level and to read profiles, which hold secrets
// of the process, without being an operator.
func TestOperatorsPort(t *testing.T) {
	at := newTarget(t)
	var attempts []attempt
	for who, authenticate := range map[string]func(t *testing.T, r *http.Request){
		"a stranger":      func(*testing.T, *http.Request) {},
		"a wrong token":   func(_ *testing.T, r *http.Request) { r.Header.Set("Authorization", "Bearer x") },
		"a caller":        func(_ *testing.T, r *http.Request) { r.Header.Set("Authorization", "Bearer "+canaries["TOKEN"]) },
		"a JWT's subject": func(t *testing.T, r *http.Request) { r.Header.Set("Authorization", "Bearer "+forgery{}.token(t)) },
		"a JWT that claims a group": func(t *testing.T, r *http.Request) {
			r.Header.Set("Authorization", "Bearer "+forgery{claims: map[string]any{"groups": []string{"operators"}, "sub": "token:ops"}}.token(t))
		},
		"a signed request": func(_ *testing.T, r *http.Request) {
			signing.Sign(r, nil, signing.Credentials{AccessKeyID: accessKeyID, SecretAccessKey: canaries["SK"]}, time.Now())
		},
		"a header of a proxy": func(_ *testing.T, r *http.Request) {
			r.Header.Set("X-Forwarded-Client-Cert", "URI=spiffe://example.com/ops")
		},
	} {
		for _, what := range []string{"PUT /loglevel", "GET /debug/pprof/heap", "GET /debug/pprof/goroutine?debug=2", "GET /debug/pprof/cmdline", "POST /debug/pprof/symbol", "GET //debug/pprof/heap", "HEAD /debug/pprof/heap"} {
			method, path, _ := strings.Cut(what, " ")
			attempts = append(attempts, attempt{who + ": " + what, func(t *testing.T, at *target) string {
				r, err := http.NewRequestWithContext(t.Context(), method, at.admin+path, strings.NewReader("debug"))
				if err != nil {
					t.Fatal(err)
				}
				authenticate(t, r)
				resp, err := at.client.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if _, err := io.Copy(io.Discard, resp.Body); err != nil {
					t.Fatal(err)
				}
				if resp.StatusCode < 300 {
					return fmt.Sprint("status ", resp.StatusCode)
				}
				return ""
			}})
		}
	}
	play(t, at, attempts)
}
