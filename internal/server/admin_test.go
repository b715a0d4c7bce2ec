package server_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/metadata"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

func TestAdmin(t *testing.T) {
	b := start(t, &stub{}, setup{})
	b.awaitReady(t)
	for _, tt := range []struct {
		path, text string
		status     int
	}{
		{"/", "/metrics, /livez, ", http.StatusOK},
		{"/livez", "ok\n", http.StatusOK},
		{"/startupz", "started\n", http.StatusOK},
		{"/readyz", "ready\n", http.StatusOK},
		{"/version", `"version":"v1.2.3"`, http.StatusOK},
		{"/loglevel", "debug\n", http.StatusOK},
		{"/debug/pprof/", "", http.StatusNotFound},
		{"/debug/pprof/heap", "", http.StatusNotFound},
		{connections, "", http.StatusNotFound},
	} {
		if status, text := b.admin(t, tt.path); status != tt.status || !strings.Contains(text, tt.text) {
			t.Errorf("%s: got %d %q", tt.path, status, text)
		}
	}
}

// TestProfiles are served where they are asked for, on the operator's port alone.
func TestProfiles(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Admin.Pprof = true }})
	for _, path := range []string{"/debug/pprof/", "/debug/pprof/heap", "/debug/pprof/goroutine?debug=1", "/debug/pprof/cmdline", "/debug/pprof/symbol"} {
		if status, _ := b.admin(t, path); status != http.StatusOK {
			t.Errorf("%s: got %d", path, status)
		}
	}
	if got := b.do(t, http.MethodGet, "/debug/pprof/heap", nil, nil); got.status != http.StatusNotFound {
		t.Errorf("the REST API serves profiles: %d", got.status)
	}
}

func (b *bench) setLevel(t *testing.T, method, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+b.server.AdminAddr().String()+"/loglevel", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return b.send(t, req)
}

// TestLogLevel hides the access log of calls, and shows it again.
func TestLogLevel(t *testing.T) {
	b := start(t, &stub{}, setup{})
	call := func(id string) { createREST(t, b, createRequest(), metadata.MD{"x-request-id": {id}}) }
	if status, text := b.setLevel(t, http.MethodPut, "warn"); status != http.StatusOK || text != "warn\n" {
		t.Fatalf("got %d %q", status, text)
	}
	call("hidden")
	for _, bad := range []string{"", "loud", "warn+1", "7", strings.Repeat("debug", 100)} {
		if status, _ := b.setLevel(t, http.MethodPut, bad); status != http.StatusBadRequest {
			t.Errorf("%q: got %d", bad, status)
		}
	}
	if status, _ := b.setLevel(t, http.MethodPost, "debug"); status != http.StatusMethodNotAllowed {
		t.Errorf("POST: got %d", status)
	}
	if _, text := b.admin(t, "/loglevel"); text != "warn\n" {
		t.Errorf("it is %q", text)
	}
	if status, text := b.setLevel(t, http.MethodPut, " INFO\n"); status != http.StatusOK || text != "info\n" {
		t.Fatalf("got %d %q", status, text)
	}
	call("shown")
	b.logs.await(t, "call", "shown")
	if text := b.logs.String(); strings.Contains(text, "hidden") || !strings.Contains(text, "log level changed") {
		t.Errorf("logged\n%s", text)
	}
}

// TestStartedOutlivesReady: an operator who asks whether it has started must not
// end what is stopping.
func TestStartedOutlivesReady(t *testing.T) {
	g := newGate()
	b := start(t, &stub{on: g.wait}, setup{})
	var held sync.WaitGroup
	held.Go(func() { createREST(t, b, createRequest(), nil) })
	<-g.entered
	b.stop()
	b.awaitNotReady(t)
	if status, _ := b.admin(t, "/startupz"); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
	close(g.open)
	held.Wait()
}
