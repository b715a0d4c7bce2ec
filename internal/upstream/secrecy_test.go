package upstream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/upstream"
)

// everything is all that can be printed of an error and its causes.
func everything(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		fmt.Fprintf(&b, "%v %+v %#v %q\n", err, err, err, err)
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "err", err)
		var e *upstream.Error
		if errors.As(err, &e) {
			text, _ := json.Marshal(*e)
			fmt.Fprintf(&b, "%s %+v\n", text, *e)
		}
	}
	return b.String()
}

// The worst of servers sends back all that it was sent, wherever it can.
func TestNoErrorHoldsASecret(t *testing.T) {
	echo := func(r *http.Request) string {
		return strings.Join([]string{
			r.Header.Get("Authorization"), r.Header.Get("X-Security-Token"), r.Header.Get("X-Auth-Token"),
		}, "|")
	}
	hijacked := func(text func(string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			_, _ = io.WriteString(c, text(echo(r)))
			_ = c.Close()
		}
	}
	for name, handler := range map[string]http.HandlerFunc{
		"gateway": func(w http.ResponseWriter, r *http.Request) {
			body, _ := json.Marshal(map[string]string{
				"error_code": "APIGW.0301", "error_msg": "verify aksk signature fail, canonicalRequest:" + echo(r),
				"request_id": r.Header.Get("X-Security-Token") + r.Header.Get("X-Auth-Token"),
			})
			answer(401, string(body))(w, r)
		},
		"code": func(w http.ResponseWriter, r *http.Request) {
			answer(400, `{"error_code":"`+r.Header.Get("X-Security-Token")+r.Header.Get("X-Auth-Token")+`","error_msg":"m"}`)(w, r)
		},
		"request ID": func(w http.ResponseWriter, r *http.Request) {
			answer(500, "", "X-Request-Id", r.Header.Get("X-Security-Token")+r.Header.Get("X-Auth-Token"))(w, r)
		},
		"Keystone": func(w http.ResponseWriter, r *http.Request) { answer(401, `{"error":{"message":"`+echo(r)+`"}}`)(w, r) },
		"refusal": func(w http.ResponseWriter, r *http.Request) {
			answer(200, `{"is_success":false,"message":"`+echo(r)+`"}`)(w, r)
		},
		"no JSON":  func(w http.ResponseWriter, r *http.Request) { answer(200, echo(r))(w, r) },
		"no field": func(w http.ResponseWriter, r *http.Request) { answer(200, `{"`+echo(r)+`":1,"is_success":{}}`)(w, r) },
		"redirect": func(w http.ResponseWriter, r *http.Request) { answer(302, "", "Location", "/"+echo(r))(w, r) },
		"status":   hijacked(func(s string) string { return s + "\r\n\r\n" }),
		"header":   hijacked(func(s string) string { return "HTTP/1.1 200 OK\r\n" + s + "\r\n\r\n" }),
		"length":   hijacked(func(s string) string { return "HTTP/1.1 200 OK\r\nContent-Length: " + s + "\r\n\r\n" }),
		"chunk":    hijacked(func(s string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + s }),
		"encoding": hijacked(func(s string) string { return "HTTP/1.1 200 OK\r\nTransfer-Encoding: " + s + "\r\n\r\n" }),
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := newServer(t, handler)
			var log bytes.Buffer
			o, reader := measured(upstream.Options{})
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			for _, r := range []*upstream.Router{router(t, o, signedBy(endpoint)), router(t, o, withToken(endpoint))} {
				for _, call := range []func(context.Context, *upstream.Router) error{callGet, callCreate} {
					err := failure(t, call(t.Context(), r))
					if got := everything(err); strings.Contains(got, "CANARY") {
						t.Errorf("the error holds a secret:\n%s", got)
					}
					if got := err.Error(); strings.ContainsAny(got, "{|\n") {
						t.Errorf("the error holds what the server sent: %s", got)
					}
				}
				if got := fmt.Sprintf("%v %+v %#v", r, r, r); strings.Contains(got, "CANARY") {
					t.Errorf("the router prints a secret:\n%s", got)
				}
			}
			if got := statsOf(t, reader).attempts; got < 2 {
				t.Errorf("%d attempts were counted, want 2 of the last router", got)
			}
			if got := fmt.Sprint(log.String(), collect(t, reader)); strings.Contains(got, "CANARY") {
				t.Errorf("the log or the metrics hold a secret: %s", got)
			}
		})
	}
}

// A server that changes what it sends back: another case, percent-encoding, or cut.
func TestNoErrorHoldsAChangedSecret(t *testing.T) {
	percent := func(s string) string {
		var b strings.Builder
		for i := range len(s) {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
		return b.String()
	}
	for name, change := range map[string]func(string) string{
		"lower case":          strings.ToLower,
		"cut at the start":    func(s string) string { return s[1:] },
		"cut at the end":      func(s string) string { return s[:len(s)-1] },
		"cut and lower case":  func(s string) string { return strings.ToLower(s[1 : len(s)-1]) },
		"percent-encoded":     percent,
		"twice":               func(s string) string { return percent(percent(s)) },
		"percent-encoded cut": func(s string) string { return "100% of " + percent(s[2:]) + " %" },
		"in text":             func(s string) string { return "token " + s[1:] + "0 is not valid" },
	} {
		t.Run(name, func(t *testing.T) {
			endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				echo := change(r.Header.Get("X-Auth-Token") + r.Header.Get("X-Security-Token"))
				body, _ := json.Marshal(map[string]string{"error_code": "DLI.0001", "error_msg": "bad: " + echo, "request_id": strings.ReplaceAll(echo, " ", "")})
				answer(400, string(body))(w, r)
			})
			for _, r := range []*upstream.Router{router(t, upstream.Options{}, signedBy(endpoint)), router(t, upstream.Options{}, withToken(endpoint))} {
				err := failure(t, callGet(t.Context(), r))
				text := strings.ToLower(everything(err))
				if strings.Contains(text, "anary") || strings.Contains(text, "63616e61") || strings.Contains(text, "%41") || !strings.HasPrefix(err.Message, "bad: ") {
					t.Errorf("the error holds a secret:\n%s", text)
				}
			}
		})
	}
}

// Neither the query nor the body of a request is in an error.
func TestNoErrorHoldsTheRequest(t *testing.T) {
	r := router(t, upstream.Options{}, signedBy("http://127.0.0.1:1"))
	req := createRequest()
	req.Name, req.Queues = "CANARY", []string{"CANARY"}
	errs := []error{callOf(t.Context(), r, create, req, responseOf(create)), callList(t, r, "CANARY")}
	for _, err := range errs {
		if got := everything(failure(t, err)); strings.Contains(got, "CANARY") {
			t.Errorf("the error holds the request:\n%s", got)
		}
	}
}

func TestErrorText(t *testing.T) {
	for want, err := range map[string]*upstream.Error{
		"calling DLI: status": {Kind: upstream.Status, Sent: true, Message: "m", Err: errors.New("cause")},
		"calling DLI for GetEnhancedConnection: status, http status 400, code DLI.0001, request r": {
			Kind: upstream.Status, Method: get, HTTPStatus: 400, Code: "DLI.0001", RequestID: "r", Message: "m", Sent: true,
		},
		"calling DLI for GetEnhancedConnection: unreachable: refused": {Kind: upstream.Unreachable, Method: get, Err: errors.New("refused")},
		"calling DLI: kind(0)": {},
	} {
		if got := err.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
