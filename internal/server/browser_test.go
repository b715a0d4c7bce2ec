package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// TestNoAttackThroughABrowser: a page of another site has the default set-up of a
// developer's machine create a connection, and a page whose name resolves to loopback
// reads one. Neither reaches the service, and both are in the log.
func TestNoAttackThroughABrowser(t *testing.T) {
	var reached atomic.Int64
	b := start(t, &stub{on: func(context.Context, proto.Message) error { reached.Add(1); return nil }}, setup{})
	for name, tt := range map[string]struct {
		method, target string
		header         http.Header
	}{
		"a simple request":     {http.MethodPost, connections, http.Header{"Origin": {"http://evil.example"}, "Content-Type": {"text/plain"}}},
		"a form":               {http.MethodPost, connections, http.Header{"Origin": {"null"}, "Content-Type": {"application/x-www-form-urlencoded"}}},
		"no origin":            {http.MethodPost, connections, http.Header{"Sec-Fetch-Site": {"cross-site"}}},
		"a delete":             {http.MethodDelete, one, http.Header{"Origin": {"http://evil.example"}}},
		"a wait that tests":    {http.MethodGet, waited + "?addresses=10.0.0.1:22", http.Header{"Origin": {"http://evil.example"}, "Sec-Fetch-Site": {"cross-site"}}},
		"one behind an escape": {http.MethodGet, waited + "?%61ddresses=10.0.0.1:22", http.Header{"Sec-Fetch-Site": {"same-site"}}},
		"a name of its own": {
			http.MethodGet, connections, http.Header{"Host": {"evil.example:8080"}, "Sec-Fetch-Site": {"same-origin"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var body io.Reader
			if tt.method != http.MethodGet {
				body = strings.NewReader(create)
			}
			got := b.do(t, tt.method, tt.target, tt.header, body)
			if got.status != http.StatusForbidden || got.reason != "POLICY_DENIED" || got.code != "PERMISSION_DENIED" {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("the page may read the response: %v", got.header)
			}
			if logged := b.logs.await(t, "call", got.requestID); logged["reason"] != "POLICY_DENIED" {
				t.Errorf("logged %v", logged)
			}
		})
	}
	if got := b.do(t, http.MethodGet, waited, http.Header{"Sec-Fetch-Site": {"cross-site"}}, nil); got.status != http.StatusOK || reached.Swap(0) != 1 {
		t.Errorf("a wait that only waits: got %d %s", got.status, got.body)
	}
	t.Run("a host in the path", func(t *testing.T) {
		target := "//localhost" + one
		if got := b.do(t, http.MethodGet, target, http.Header{"Host": {"evil.example"}}, nil); got.status != http.StatusNotFound {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
	if n := reached.Load(); n != 0 {
		t.Errorf("%d calls reached the service", n)
	}
}

// TestHeadersForBrowsers are on every response, errors and the admin port's too.
func TestHeadersForBrowsers(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, url := range []string{
		"http://" + b.server.RESTAddr().String() + connections, "http://" + b.server.RESTAddr().String() + "/nothing",
		"http://" + b.server.AdminAddr().String() + "/metrics",
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := b.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		for _, name := range []string{"X-Content-Type-Options", "Content-Security-Policy", "Cache-Control", "Cross-Origin-Resource-Policy"} {
			if resp.Header.Get(name) == "" {
				t.Errorf("%s: no %s", url, name)
			}
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s: CORS is on", url)
		}
	}
}

// TestAdminPortIsGuarded: another site's page cannot change the log level or take a profile.
func TestAdminPortIsGuarded(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Admin.Pprof = true }})
	for _, tt := range []struct {
		method, path, site string
		status             int
	}{
		{http.MethodPut, "/loglevel", "cross-site", http.StatusForbidden},
		{http.MethodGet, "/debug/pprof/cmdline", "cross-site", http.StatusForbidden},
		{http.MethodGet, "/debug/pprof/cmdline", "none", http.StatusOK},
		{http.MethodGet, "/metrics", "cross-site", http.StatusOK},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+b.server.AdminAddr().String()+tt.path, strings.NewReader("error"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Sec-Fetch-Site", tt.site)
		if status, text := b.send(t, req); status != tt.status {
			t.Errorf("%+v: got %d %s", tt, status, text)
		}
	}
}

func TestCORS(t *testing.T) {
	const console = "https://console.example.com"
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Rest.Cors = &configv1.CORS{Origins: []string{console}} }})
	preflight := http.Header{"Origin": {console}, "Access-Control-Request-Method": {"POST"}}
	got := b.do(t, http.MethodOptions, connections, preflight, nil)
	if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != console ||
		got.header.Get("Access-Control-Allow-Methods") != "GET, HEAD, POST" || !strings.Contains(got.header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: got %d %v", got.status, got.header)
	}
	got = b.do(t, http.MethodPost, connections, http.Header{"Origin": {console}, "Sec-Fetch-Site": {"cross-site"}}, strings.NewReader(create))
	if got.status != http.StatusCreated || got.header.Get("Access-Control-Allow-Origin") != console || got.header.Get("Vary") != "Origin" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	if got.header.Get("Access-Control-Allow-Credentials") != "" {
		t.Error("credentials of the browser are allowed")
	}
	evil := http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}}
	if got := b.do(t, http.MethodOptions, connections, evil, nil); got.status != http.StatusMethodNotAllowed || got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: got %d %v", got.status, got.header)
	}
}

// TestPreflightsNeedNoCredentials, as browsers send none: also where callers are
// authenticated. A page's other calls need them.
func TestPreflightsNeedNoCredentials(t *testing.T) {
	const console = "https://console.example.com"
	b := guarded(t, &stub{}, authConfig(), func(s *setup) {
		config := s.config
		s.config = func(c *configv1.Config) { config(c); c.Rest.Cors = &configv1.CORS{Origins: []string{console}} }
	})
	origin := http.Header{"Origin": {console}, "Access-Control-Request-Method": {"POST"}}
	got := b.do(t, http.MethodOptions, connections, origin, nil)
	if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Methods") != "GET, HEAD, POST" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	if got := b.do(t, http.MethodPost, connections, origin, strings.NewReader(create)); got.status != http.StatusUnauthorized {
		t.Errorf("a create: got %d", got.status)
	}
	evil := http.Header{"Origin": {"https://evil.example"}, "Access-Control-Request-Method": {"POST"}}
	if got := b.do(t, http.MethodOptions, connections, evil, nil); got.status == http.StatusOK || got.header.Get("Access-Control-Allow-Methods") != "" {
		t.Errorf("another origin: got %d %v", got.status, got.header)
	}
}
