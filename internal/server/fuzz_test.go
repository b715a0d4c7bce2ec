package server_test

import (
	"bufio"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// FuzzREST passes whatever net/http takes for a request to the REST API, before
// a service that always succeeds: no panic, no fault of ours, no redirect, and
// every error as the contract has it, which restResult checks.
func FuzzREST(f *testing.F) {
	for _, seed := range []struct{ method, target, header, body string }{
		{"POST", connections, "Content-Type: application/json", create},
		{"GET", connections + "?limit=1&status=active&tags=a=b,c=d", "X-Request-Id: r", ""},
		{"PUT", one, "Transfer-Encoding: chunked", "3\r\n{}\n\r\n0\r\n\r\n"},
		{"DELETE", "/v3/" + project + "/datasource/enhanced-connections/" + connection + "/routes/..%2f", "", ""},
		{"OPTIONS", "*", "", ""},
		{"CONNECT", "x:1", "", ""},
		{"GET", "http://x//" + connections, "Host: y", ""},
		{"POST", one + "/associate-queue?%zz", "Expect: 100-continue", `{"queues":["\ud800"]}`},
		{"HEAD", "/./", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.header, seed.body)
	}
	b := newFuzzed(f)
	f.Fuzz(func(t *testing.T, method, target, header, body string) {
		head := method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n"
		if header != "" {
			head += header + "\r\n"
		}
		if !strings.Contains(strings.ToLower(header), "transfer-encoding") {
			head += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
		}
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(head + "\r\n" + body)))
		if err != nil {
			return // net/http refuses it itself
		}
		recorder := httptest.NewRecorder()
		b.RESTHandler().ServeHTTP(recorder, r)
		got := restResult(t, r.Method, recorder.Code, recorder.Header(), recorder.Body.Bytes())
		if got.status >= 500 || got.status >= 300 && got.status < 400 {
			t.Errorf("status %d: %s", got.status, got.body)
		}
	})
}

// FuzzRESTPath has the parts of a path vary, so that more of it gets past routing.
func FuzzRESTPath(f *testing.F) {
	f.Add(project, connection, "r", "limit", "1", `{"name":"r","cidr":"10.0.0.0/8"}`)
	f.Add("..", "%2e", "/", "tags", "k=v", `{"hosts":[{"name":"a","ip":"1.2.3.4"}]}`)
	f.Add("\xff", "", ";", "view", "BASIC", `{"queues":["a"],"elastic_resource_pools":null}`)
	b := newFuzzed(f)
	f.Fuzz(func(t *testing.T, project, connection, name, key, value, body string) {
		base := "/v2.0/" + url.PathEscape(project) + "/datasource/enhanced-connections"
		query := "?" + url.QueryEscape(key) + "=" + url.QueryEscape(value)
		one := base + "/" + url.PathEscape(connection)
		for _, tt := range []struct{ method, target string }{
			{http.MethodPost, base},
			{http.MethodGet, base + query},
			{http.MethodGet, one + query},
			{http.MethodPut, one},
			{http.MethodPost, one + "/associate-queue"},
			{http.MethodPost, one + "/routes"},
			{http.MethodDelete, one + "/routes/" + url.PathEscape(name)},
			{http.MethodPut, "/v1.0/" + url.PathEscape(project) + "/authorization"},
			{http.MethodGet, "/v1.0/" + url.PathEscape(project) + "/queues/" + url.PathEscape(connection) + "/connection-test/" + url.PathEscape(name)},
		} {
			recorder := httptest.NewRecorder()
			b.RESTHandler().ServeHTTP(recorder, request(t, tt.method, tt.target, strings.NewReader(body)))
			got := restResult(t, tt.method, recorder.Code, recorder.Header(), recorder.Body.Bytes())
			if got.status >= 500 || got.status >= 300 && got.status < 400 {
				t.Errorf("%s %s: status %d: %s", tt.method, tt.target, got.status, got.body)
			}
		}
	})
}

// newFuzzed makes a server that is not run.
func newFuzzed(f *testing.F) *server.Server {
	f.Helper()
	cfg := testConfig()
	cfg.Limits = &configv1.Limits{
		MaxRequestBytes: 1 << 20, MaxResponseBytes: 1 << 20, MaxCalls: 100, MaxCallsBytes: 1 << 30, CallTimeout: durationpb.New(patience),
	}
	srv, err := server.New(cfg, testOptions(f, &stub{}, io.Discard))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(srv.Close)
	return srv
}
