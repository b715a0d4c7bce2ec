package upstream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// Answers with a good status that are no good answers.
func TestBadAnswers(t *testing.T) {
	const limit = 4096
	endless := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"message":"`)
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1024)); err != nil {
				return
			}
		}
	}
	declared := func(length, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", length)
			_, _ = io.WriteString(w, body)
		}
	}
	aborted := func(body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, body)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	}
	exact := `{"name":"` + strings.Repeat("x", limit-len(`{"name":""}`)) + `"}`
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		kind    upstream.Kind // 0: a good one after all
		message string
	}{
		{"refused", answer(200, `{"is_success":false,"message":"queue is busy"}`), upstream.Unsuccessful, "queue is busy"},
		{"refused with controls", answer(200, `{"is_success":false,"message":"queue\u001b[1m\r\nis busy"}`), upstream.Unsuccessful, "queue [1m  is busy"},
		{"refused without a message", answer(200, `{"is_success":false}`), upstream.Unsuccessful, ""},
		{"empty", answer(200, ""), upstream.Malformed, ""},
		{"no content", answer(204, ""), upstream.Malformed, ""},
		{"HTML", answer(200, "<html>", "Content-Type", "text/html"), upstream.Malformed, ""},
		{"list", answer(200, "[]"), upstream.Malformed, ""},
		{"null", answer(200, "null"), upstream.Malformed, ""},
		{"cut off", answer(200, `{"name":"n"`), upstream.Malformed, ""},
		{"two", answer(200, `{}{}`), upstream.Malformed, ""},
		{"wrong type", answer(200, `{"name":1}`), upstream.Malformed, ""},
		{"wrong content type", answer(200, `{}`, "Content-Type", "text/html"), 0, ""},
		{"moved", answer(301, `{}`, "Location", "/"), upstream.Malformed, ""},
		{"found", answer(302, `{}`, "Location", "/"), upstream.Malformed, ""},
		{"see other", answer(303, `{}`, "Location", "/"), upstream.Malformed, ""},
		{"not modified", answer(304, ``), upstream.Malformed, ""},
		{"moved for good", answer(308, `{}`, "Location", "/"), upstream.Malformed, ""},
		{"at the limit", answer(200, exact), 0, ""},
		{"one over the limit", answer(200, exact+" "), upstream.TooLarge, ""},
		{"declared over the limit", declared("4097", exact+" "), upstream.TooLarge, ""},
		{"endless", endless, upstream.TooLarge, ""},
		{"shorter than declared", declared("100", `{"name":"n"}`), upstream.Broken, ""},
		{"aborted", aborted(`{"name":`), upstream.Broken, ""},
		{"aborted after the object", aborted(`{"name":"n"}`), upstream.Broken, ""},
		{"aborted before anything", aborted(""), upstream.Broken, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := callGet(t.Context(), served(t, upstream.Options{MaxResponseBytes: limit}, tt.handler))
			if tt.kind == 0 {
				if err != nil {
					t.Errorf("Call: %v (%v)", err, errors.Unwrap(err))
				}
				return
			}
			if e := wantKind(t, err, tt.kind, true); e.Message != tt.message {
				t.Errorf("message %q, want %q", e.Message, tt.message)
			}
		})
	}
}

// White space without end is no response, and one that DLI may send is.
func TestWhiteSpace(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		good       bool
	}{
		{"64 KiB", "{" + strings.Repeat(" \n", 32<<10) + `"name":"n"` + strings.Repeat("\t\r", 32<<10) + "}", true},
		{"more at the start", strings.Repeat(" ", 64<<10+1) + "{}", false},
		{"more between tokens", `{"name":` + strings.Repeat("\r\n", 33<<10) + `"n"}`, false},
		{"more at the end", "{}" + strings.Repeat("\n", 64<<10+1), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := callGet(t.Context(), served(t, upstream.Options{MaxResponseBytes: 1 << 20}, answer(200, tt.text)))
			switch {
			case tt.good && err != nil:
				t.Errorf("Call: %v (%v)", err, errors.Unwrap(err))
			case !tt.good:
				if e := wantKind(t, err, upstream.Malformed, true); !strings.Contains(fmt.Sprint(e.Err), "white space") {
					t.Errorf("got %v", e.Err)
				}
			}
		})
	}
}

// A change has a small response: a large one would be held uncounted.
func TestResponseToAChangeIsSmall(t *testing.T) {
	r := served(t, upstream.Options{MaxResponseBytes: 64 << 20}, answer(200, `{"message":"`+strings.Repeat("x", 1<<20)+`"}`))
	wantKind(t, callCreate(t.Context(), r), upstream.TooLarge, true)
}

// An error status counts though its body does not come.
func TestErrorStatusWithoutItsBody(t *testing.T) {
	endless := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error_code":"DLI.0001","error_msg":"m"}`)
		for r.Context().Err() == nil {
			if _, err := w.Write(bytes.Repeat([]byte(" "), 1024)); err != nil {
				return
			}
		}
	}
	aborted := func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error_code":"DLI.0001","error_msg":"m"}`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, handler := range map[string]http.HandlerFunc{"endless": endless, "aborted": aborted} {
		t.Run(name, func(t *testing.T) {
			e := wantKind(t, callGet(t.Context(), served(t, upstream.Options{}, handler)), upstream.Status, true)
			if e.HTTPStatus != http.StatusBadRequest || e.Code != "" || e.Message != "" || e.Err == nil {
				t.Errorf("got %+v", *e)
			}
		})
	}
}

// The other end of a redirect must see nothing at all.
func TestRedirectIsNotFollowed(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("%s %s was sent on, with %v", r.Method, r.URL, r.Header)
	}))
	defer other.Close()
	for _, status := range []int{300, 301, 302, 303, 305, 307, 308, 399} {
		r := served(t, upstream.Options{}, answer(status, "", "Location", other.URL+"/"))
		for _, call := range []func(context.Context, *upstream.Router) error{callGet, callCreate} {
			if e := wantKind(t, call(t.Context(), r), upstream.Malformed, true); e.HTTPStatus != status {
				t.Errorf("status %d, want %d", e.HTTPStatus, status)
			}
		}
	}
}

// A connection that has given an answer serves the next call, errors included.
func TestConnectionIsUsedAgain(t *testing.T) {
	remotes := make(map[string]bool)
	n := 0
	r := served(t, upstream.Options{}, func(w http.ResponseWriter, r *http.Request) {
		remotes[r.RemoteAddr] = true
		if n++; n%2 == 0 {
			answer(400, `{"error_code":"DLI.0001","error_msg":"m"}`)(w, r)
		} else {
			answer(200, `{}`)(w, r)
		}
	})
	for range 6 {
		_ = callCreate(t.Context(), r)
		_ = callGet(t.Context(), r)
	}
	if n != 12 || len(remotes) != 1 {
		t.Errorf("%d calls used %d connections, want 12 and 1", n, len(remotes))
	}
}

// A large body arrives whole, and its buffer is not handed on too early.
func TestLargeBodies(t *testing.T) {
	r := served(t, upstream.Options{}, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		want := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
		if got := strings.Count(string(body), want); got != 20_000 || int64(len(body)) != r.ContentLength {
			answer(500, fmt.Sprintf(`{"error_code":"DLI.0999","error_msg":"%d hosts of %s in %d bytes"}`, got, want, len(body)))(w, r)
			return
		}
		answer(200, `{}`)(w, r)
	})
	errs := make(chan error)
	const calls = 8
	for i := range calls {
		go func() {
			id := fmt.Sprintf("connection-%d", i)
			req := &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: project, ConnectionId: id}
			for n := range 20_000 {
				req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("%s.host%d", id, n), Ip: "192.168.0.1"})
			}
			errs <- callOf(t.Context(), r, hosts, req, &connsvcv1.UpdateEnhancedConnectionHostsResponse{})
		}()
	}
	for range calls {
		if err := <-errs; err != nil {
			t.Errorf("Call: %v: %s", err, err.(*upstream.Error).Message)
		}
	}
}

// A server that answers before it has read the request: the transport goes on
// reading the body while the next calls use the pool.
func TestEarlyAnswer(t *testing.T) {
	r := served(t, upstream.Options{}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	})
	req := createRequest()
	for n := range 20_000 {
		req.Hosts = append(req.Hosts, &connsvcv1.Host{Name: fmt.Sprintf("host%d", n)})
	}
	for range 10 {
		e := failure(t, callOf(t.Context(), r, create, proto.CloneOf(req), &connsvcv1.CreateEnhancedConnectionResponse{}))
		// Whether the answer or the reset is seen first is up to the kernel.
		if !e.Sent || e.Kind != upstream.Status && e.Kind != upstream.Broken {
			t.Errorf("got %v", e)
		}
	}
}
