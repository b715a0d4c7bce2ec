package credentials_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// everything is all that can be printed of a value, and of an error's causes.
func everything(values ...any) string {
	var b strings.Builder
	for _, v := range values {
		fmt.Fprintf(&b, "%v %+v %#v %s %q %d %x\n", v, v, v, v, v, v, v)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
		slog.New(slog.NewTextHandler(&b, nil)).Info("x", "v", v)
		text, _ := json.Marshal(v)
		b.Write(text)
		var e *credentials.Error
		if err, ok := v.(error); ok && errors.As(err, &e) {
			fmt.Fprintf(&b, "%+v\n", *e)
			b.WriteString(everything(errors.Unwrap(err)))
		}
	}
	return b.String()
}

func wantNoCanary(t *testing.T, what string, values ...any) {
	t.Helper()
	got := everything(values...)
	for _, canary := range []string{"CANARY", fmt.Sprintf("%x", "CANARY")} {
		if strings.Contains(got, canary) {
			t.Errorf("%s holds a secret:\n%s", what, got)
		}
	}
}

// The worst of servers sends back all that it was sent, wherever it can.
func TestNoErrorHoldsASecret(t *testing.T) {
	echo := func(r *http.Request) string {
		body, _ := io.ReadAll(r.Body)
		return strings.NewReplacer("\n", "|", "\r", "|").Replace(
			r.Header.Get("Authorization") + "|" + r.Header.Get("X-Security-Token") + "|" + string(body))
	}
	// password finds the canary itself: it has the form of an error code.
	password := func(r *http.Request) string {
		_, rest, _ := strings.Cut(echo(r), `"password":"`)
		p, _, _ := strings.Cut(rest, `"`)
		return p
	}
	hijacked := func(text func(string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) { raw(text(echo(r)))(w, r) }
	}
	const plainPassword = "CANARYPASSWORD"
	for name, handler := range map[string]http.HandlerFunc{
		"message": func(w http.ResponseWriter, r *http.Request) { says(401, `{"error":{"message":"`+echo(r)+`"}}`)(w, r) },
		"code":    func(w http.ResponseWriter, r *http.Request) { says(401, `{"error_code":"x`+password(r)+`"}`)(w, r) },
		"a code of another form": func(w http.ResponseWriter, r *http.Request) {
			body, _ := json.Marshal(map[string]string{"error_code": echo(r)})
			says(401, string(body))(w, r)
		},
		"trace ID": func(w http.ResponseWriter, r *http.Request) { says(500, "", "X-Iam-Trace-Id", password(r))(w, r) },
		"request ID": func(w http.ResponseWriter, r *http.Request) {
			says(500, "", "X-Request-Id", url.QueryEscape(echo(r)))(w, r)
		},
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			says(302, "", "Location", "/"+url.QueryEscape(echo(r)))(w, r)
		},
		"token": func(w http.ResponseWriter, r *http.Request) { says(201, echo(r), "X-Subject-Token", canaryToken)(w, r) },
		"expiration": func(w http.ResponseWriter, r *http.Request) {
			says(201, `{"token":{"expires_at":"`+password(r)+`"}}`, "X-Subject-Token", canaryToken)(w, r)
		},
		"status":   hijacked(func(s string) string { return s + "\r\n\r\n" }),
		"header":   hijacked(func(s string) string { return "HTTP/1.1 201 Created\r\n" + s + "\r\n\r\n" }),
		"length":   hijacked(func(s string) string { return "HTTP/1.1 201 Created\r\nContent-Length: " + s + "\r\n\r\n" }),
		"chunk":    hijacked(func(s string) string { return "HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n" + s }),
		"encoding": hijacked(func(s string) string { return "HTTP/1.1 201 Created\r\nTransfer-Encoding: " + s + "\r\n\r\n" }),
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(handler)
			defer server.Close()
			for _, cfg := range []*configv1.Upstream{
				withPassword(server.URL, env(plainPassword)), withPassword(server.URL, env(canaryPassword)), withAgency(server.URL),
			} {
				var told observed
				p := provider(t, cfg, credentials.Options{Observe: told.observe})
				err := refused(t, p, project)
				wantNoCanary(t, "the error", err)
				wantNoCanary(t, "the provider", p)
				for _, renewal := range told.told {
					wantNoCanary(t, "what is told", renewal, renewal.Err)
				}
				if len(told.told) == 0 {
					t.Error("nothing was told")
				}
			}
		})
	}
}

// A value that holds a Provider prints no secret either, whatever is in hand.
func TestNoProviderPrintsASecret(t *testing.T) {
	iam := &iamServer{}
	o := credentials.Options{Transport: direct{firstVersion(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			says(200, keyBody(canaryID, canarySecret, canaryTemp, "2999-01-01T00:00:00Z"))(w, r)
			return
		}
		iam.ServeHTTP(w, r)
	})}}
	for name, cfg := range map[string]*configv1.Upstream{
		"access key": withAccessKey(env(canaryID), env(canarySecret), env(canaryTemp)),
		"token":      withToken(env(canaryToken)),
		"password":   withPassword("https://iam.example.com", env(canaryPassword)),
		"agency":     withAgency("https://iam.example.com"),
		"metadata":   withMetadata("http://169.254.169.254"),
	} {
		t.Run(name, func(t *testing.T) {
			p := provider(t, cfg, o)
			if len(authorized(t, p, project).Header) == 0 {
				t.Error("nothing was authorized")
			}
			inside := struct {
				P credentials.Provider
				p credentials.Provider
			}{p, p}
			wantNoCanary(t, "the provider", p, inside, &inside, []any{p})
			if got := fmt.Sprint(p); got != "[redacted]" {
				t.Errorf("it prints as %q", got)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	signed := authorized(t, provider(t, withAccessKey(env(canaryID), env(canarySecret), env(canaryTemp)), credentials.Options{}), project)
	token := authorized(t, provider(t, withToken(env(canaryToken)), credentials.Options{}), project)
	for name, test := range map[string]struct {
		header     http.Header
		text, want string
	}{
		"token":         {token.Header, "no " + canaryToken + ", " + canaryToken, "no [redacted], [redacted]"},
		"key":           {signed.Header, "ak " + canaryID + "|x-security-token:" + canaryTemp, "ak [redacted]|x-security-token:[redacted]"},
		"authorization": {signed.Header, "got " + signed.Header.Get("Authorization"), "got SDK-HMAC-SHA256 Access=[redacted], SignedHeaders=host;x-sdk-date;x-security-token, Signature=[redacted]"},
		"signature":     {signed.Header, signed.Header.Get("Authorization")[len(signed.Header.Get("Authorization"))-64:], "[redacted]"},
		"innocent":      {signed.Header, "Connection x does not exist.", "Connection x does not exist."},
		"short":         {http.Header{"X-Auth-Token": {"a"}}, "a banana", "a banana"},
		"nothing sent":  {http.Header{}, "text", "text"},
		"empty":         {token.Header, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := credentials.Redact(test.header, test.text); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]*credentials.Error{
		"getting credentials by pass_through: caller_token": {Kind: credentials.CallerToken, Source: "pass_through"},
		"getting credentials by iam_password: rejected, http status 401, code IAM.0101, request r, no further request for 5m0s": {
			Kind: credentials.Rejected, Source: "iam_password", HTTPStatus: 401, Code: "IAM.0101", RequestID: "r", RetryAfter: 5 * 60e9,
		},
		"getting credentials by token: kind(0): cause": {Source: "token", Err: errors.New("cause")},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
