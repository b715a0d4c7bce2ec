package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const (
	one    = connections + "/" + connection
	create = `{"name":"test","dest_vpc_id":"` + vpc + `","dest_network_id":"` + network + `"}`
)

// TestOperations calls every operation of DLI at its documented paths.
func TestOperations(t *testing.T) {
	v3 := strings.Replace(one, "/v2.0/", "/v3/", 1)
	authorization := "/v1.0/" + project + "/authorization"
	grant := `{"projectId":"p","action":"grant","privileges":[{"object":"edsconnections.` + connection + `","privileges":["BIND_QUEUE"]}]}`
	b := start(t, &stub{}, setup{})
	for _, tt := range []struct {
		method, path, body string
		status             int
	}{
		{http.MethodPost, connections, create, http.StatusCreated},
		{http.MethodGet, connections, "", http.StatusOK},
		{http.MethodGet, connections + "?limit=0&offset=3&status=active&tags=a=b,c=d", "", http.StatusOK},
		{http.MethodGet, one, "", http.StatusOK},
		{http.MethodPut, one, `{"hosts":null}`, http.StatusOK},
		{http.MethodDelete, one, "", http.StatusOK},
		{http.MethodPost, one + "/associate-queue", `{"queues":["q1"]}`, http.StatusOK},
		{http.MethodPost, one + "/disassociate-queue", `{"elastic_resource_pools":["p1"]}`, http.StatusOK},
		{http.MethodPost, v3 + "/routes", `{"name":"r","cidr":"10.0.0.0/24"}`, http.StatusOK},
		{http.MethodPost, one + "/routes", `{"name":"r","cidr":"127.0.0.0"}`, http.StatusOK},
		{http.MethodDelete, v3 + "/routes/r", "", http.StatusOK},
		{http.MethodDelete, one + "/routes/r-1", "", http.StatusOK},
		{http.MethodGet, one + "/privileges", "", http.StatusOK},
		{http.MethodPut, authorization, grant, http.StatusOK},
		{http.MethodGet, authorization + "/privileges?object=edsconnections." + connection, "", http.StatusOK},
	} {
		t.Run(tt.method+" "+tt.path, func(t *testing.T) {
			got := b.do(t, tt.method, tt.path, nil, strings.NewReader(tt.body))
			if got.status != tt.status {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			var answer struct {
				IsSuccess *bool   `json:"is_success"`
				Message   *string `json:"message"`
			}
			if err := json.Unmarshal(got.body, &answer); err != nil || answer.IsSuccess == nil || answer.Message == nil {
				t.Errorf("is_success and message are not both in %s", got.body)
			}
			if length := got.header.Get("Content-Length"); length != strconv.Itoa(len(got.body)) {
				t.Errorf("Content-Length %q for %d bytes", length, len(got.body))
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	b := start(t, &stub{on: func(_ context.Context, req proto.Message) error {
		return fmt.Errorf("reached the service as %v", req)
	}}, setup{})
	for _, path := range []string{
		"/", "/v2.0", "/v2.0/" + project, connections + "/", one + "/", one + "/unknown", one + "/routes/a/b",
		"//v2.0/" + project + "/datasource/enhanced-connections", "/v2.0//datasource/enhanced-connections",
		"/v2.0/x/../" + project + "/datasource/enhanced-connections", "/v2.0/./" + project + "/datasource/enhanced-connections",
		connections + "/..", connections + "/../x", connections + "/.", connections + "//", "/x/.." + connections,
	} {
		got := b.do(t, http.MethodGet, path, nil, nil)
		if got.status != http.StatusNotFound || got.reason != "METHOD_NOT_FOUND" || got.header.Get("Location") != "" {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
		logged := b.logs.await(t, "call", got.requestID)
		if logged["rpc_method"] != "unknown" || logged["http_status"] != float64(http.StatusNotFound) || logged["target"] == nil {
			t.Errorf("%s: logged %v", path, logged)
		}
	}
}

// TestIndex has the path where people look around say what is served.
func TestIndex(t *testing.T) {
	b := start(t, &stub{}, setup{})
	if got := b.do(t, http.MethodGet, "/", nil, nil); got.status != http.StatusNotFound || !strings.Contains(string(got.body), "/v2.0/{project_id}/datasource/enhanced-connections") {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// TestLongTarget: what is logged of a long path is cut between runes.
func TestLongTarget(t *testing.T) {
	b := start(t, &stub{}, setup{})
	got := b.do(t, http.MethodGet, "/"+strings.Repeat("%C3%A9", 300), nil, nil)
	logged := b.logs.await(t, "call", got.requestID)
	if want := "GET /" + strings.Repeat("\u00e9", 125) + "..."; logged["target"] != want {
		t.Errorf("logged %v", logged["target"])
	}
}

// TestPathVariablesAreValidated: what decodes to another path stays a segment,
// which the rules refuse, and the service never sees it.
func TestPathVariablesAreValidated(t *testing.T) {
	b := start(t, &stub{on: func(_ context.Context, req proto.Message) error {
		return fmt.Errorf("reached the service as %v", req)
	}}, setup{})
	for _, segment := range []string{"%2F", "..%2f", "%2e%2e", "..%2F..%2Fx", "a%00", "%ff", "a%20b", "%25", "x.y", strings.Repeat("a", 65)} {
		for _, path := range []string{"/v2.0/" + segment + "/datasource/enhanced-connections", connections + "/" + segment} {
			if got := b.do(t, http.MethodGet, path, nil, nil); got.reason != "VALIDATION_FAILED" || got.status != http.StatusBadRequest {
				t.Errorf("%s: got %d %s", path, got.status, got.body)
			}
		}
	}
}

func TestMethodNotAllowed(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, tt := range []struct{ method, path, allow string }{
		{http.MethodPut, connections, "GET, HEAD, POST"},
		{http.MethodPost, one, "DELETE, GET, HEAD, PUT"},
		{http.MethodOptions, one + "/associate-queue", "POST"},
		{http.MethodGet, one + "/routes/r", "DELETE"},
		{"get", connections, "GET, HEAD, POST"},
		{"BREW", connections, "GET, HEAD, POST"},
	} {
		got := b.do(t, tt.method, tt.path, nil, nil)
		if got.status != http.StatusMethodNotAllowed || got.reason != "METHOD_NOT_ALLOWED" || got.header.Get("Allow") != tt.allow {
			t.Errorf("%s %s: got %d, Allow %q, %s", tt.method, tt.path, got.status, got.header.Get("Allow"), got.body)
		}
		if logged := b.logs.await(t, "call", got.requestID); logged["reason"] != "METHOD_NOT_ALLOWED" {
			t.Errorf("%s %s: logged %v", tt.method, tt.path, logged)
		}
	}
}

func TestHead(t *testing.T) {
	b := start(t, &stub{}, setup{})
	got, head := b.do(t, http.MethodGet, one, nil, nil), b.do(t, http.MethodHead, one, nil, nil)
	if head.status != got.status || len(head.body) != 0 || head.header.Get("Content-Length") != got.header.Get("Content-Length") {
		t.Errorf("got %+v", head)
	}
	if got := b.do(t, http.MethodHead, connections+"/x", nil, nil); got.status != http.StatusBadRequest || len(got.body) != 0 {
		t.Errorf("got %+v", got)
	}
}

// TestStrangeRequests are written by hand: no client sends them.
func TestStrangeRequests(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, tt := range []struct {
		head   string
		status int
	}{
		{"OPTIONS * HTTP/1.1", http.StatusNotFound},
		{"CONNECT 127.0.0.1:80 HTTP/1.1", http.StatusNotFound},
		{"CONNECT " + one + " HTTP/1.1", http.StatusMethodNotAllowed},
		{"GET http://elsewhere" + one + " HTTP/1.1", http.StatusOK},
		{"GET http://elsewhere HTTP/1.1", http.StatusNotFound},
		{"GET " + one + "?limit=%zz HTTP/1.1", http.StatusBadRequest},
		{"GET " + one + "#fragment HTTP/1.1", http.StatusBadRequest},
	} {
		t.Run(tt.head, func(t *testing.T) {
			conn, err := net.Dial("tcp", b.server.RESTAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprintf(conn, "%s\r\nHost: localhost\r\n\r\n", tt.head)
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if got := responseOf(t, http.MethodGet, resp); got.status != tt.status {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

// TestChunksEndTheConnection: what a request with chunks is followed by is not read.
func TestChunksEndTheConnection(t *testing.T) {
	b := start(t, &stub{}, setup{})
	body := `{"name":"n","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281"}`
	for _, length := range []string{"", "Content-Length: 5\r\n"} {
		conn, err := net.Dial("tcp", b.server.RESTAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", connections, length, len(body), body)
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", one)
		got, err := io.ReadAll(conn)
		if n := strings.Count(string(got), "HTTP/1.1 "); n != 1 || !strings.HasPrefix(string(got), "HTTP/1.1 201") {
			t.Errorf("%q: %d responses, then %v: %.300s", length, n, err, got)
		}
	}
}

func TestQuery(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for query, want := range map[string]int{
		"":                        http.StatusOK,
		"?":                       http.StatusOK,
		"?limit=":                 http.StatusBadRequest,
		"?name=&status=&tags=":    http.StatusOK,
		"?limit=7&name=n&view=":   http.StatusOK,
		"?limit=x":                http.StatusBadRequest,
		"?limit=-1":               http.StatusBadRequest,
		"?limit=1&limit=2":        http.StatusBadRequest,
		"?limt=1":                 http.StatusBadRequest,
		"?project_id=" + project:  http.StatusBadRequest,
		"?name=%zz":               http.StatusBadRequest,
		"?name=a;limit=1":         http.StatusBadRequest,
		"?status=GONE":            http.StatusBadRequest,
		"?limit=99999999999999":   http.StatusBadRequest,
		"?offset=1&%6Cimit=3":     http.StatusOK,
		"?name=" + "%ff":          http.StatusBadRequest,
		"?limit=1&connections=[]": http.StatusBadRequest,
	} {
		if got := b.do(t, http.MethodGet, connections+query, nil, nil); got.status != want {
			t.Errorf("%s: got %d %s", query, got.status, got.body)
		}
	}
	if got := b.do(t, http.MethodPost, connections+"?x=1", nil, strings.NewReader(create)); got.status != http.StatusBadRequest {
		t.Errorf("POST: got %d %s", got.status, got.body)
	}
}

func TestBody(t *testing.T) {
	b := start(t, &stub{}, setup{})
	json := http.Header{"Content-Type": {"application/json;charset=utf8"}}
	for _, tt := range []struct {
		name, method, path, body string
		header                   http.Header
		status                   int
	}{
		{"any Content-Type", http.MethodPost, connections, create, http.Header{"Content-Type": {"text/html"}}, http.StatusCreated},
		{"no Content-Type", http.MethodPost, connections, create + "\n", nil, http.StatusCreated},
		{"GET with a Content-Type", http.MethodGet, one, "", json, http.StatusOK},
		{"GET with a body", http.MethodGet, one, "{{{", json, http.StatusOK},
		{"DELETE with a body", http.MethodDelete, one, "{{{", json, http.StatusOK},
		{"empty", http.MethodPost, connections, "", json, http.StatusBadRequest},
		{"no JSON", http.MethodPost, connections, "name=test", nil, http.StatusBadRequest},
		{"a list", http.MethodPost, connections, "[]", nil, http.StatusBadRequest},
		{"cut short", http.MethodPost, connections, create[:20], nil, http.StatusBadRequest},
		{"two objects", http.MethodPost, connections, create + create, nil, http.StatusBadRequest},
		{"unknown field", http.MethodPost, connections, `{"nam":"test"}`, nil, http.StatusBadRequest},
		{"field of the path", http.MethodPost, connections, `{"project_id":"other"}`, nil, http.StatusBadRequest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := b.do(t, tt.method, tt.path, tt.header, strings.NewReader(tt.body)); got.status != tt.status {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

// TestBodyOfUnknownLength sends chunks: no Content-Length.
func TestBodyOfUnknownLength(t *testing.T) {
	b := start(t, &stub{}, setup{})
	reader := func(s string) io.Reader { return io.MultiReader(strings.NewReader(s)) }
	if got := b.do(t, http.MethodPost, connections, nil, reader(create)); got.status != http.StatusCreated {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := b.do(t, http.MethodPost, connections, nil, reader(create+strings.Repeat(" ", 16<<20))); got.reason != "BODY_TOO_LARGE" || got.status != http.StatusRequestEntityTooLarge {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestErrorHeaders(t *testing.T) {
	for _, tt := range []struct {
		reason        connsvcv1.ErrorReason
		status        int
		header, value string
	}{
		{connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, http.StatusUnauthorized, "Www-Authenticate", `Bearer realm="connsvc"`},
		{connsvcv1.ErrorReason_OVERLOADED, http.StatusServiceUnavailable, "Retry-After", "1"},
		{connsvcv1.ErrorReason_UPSTREAM_THROTTLED, http.StatusServiceUnavailable, "Retry-After", "5"},
		{connsvcv1.ErrorReason_UPSTREAM_FAULT, http.StatusBadGateway, "Retry-After", ""},
		{connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, http.StatusNotFound, "Www-Authenticate", ""},
	} {
		b := start(t, &stub{on: func(context.Context, proto.Message) error { return apierror.New(tt.reason, "", nil) }}, setup{})
		got := b.do(t, http.MethodGet, one, nil, nil)
		if got.status != tt.status || got.header.Get(tt.header) != tt.value || got.reason != tt.reason.String() {
			t.Errorf("%s: got %d, %s %q", tt.reason, got.status, tt.header, got.header.Get(tt.header))
		}
	}
}

// TestRetryAfterIsWholeSeconds: rounded down, callers would come too early, and
// after 0 seconds at once.
func TestRetryAfterIsWholeSeconds(t *testing.T) {
	for after, want := range map[time.Duration]string{
		0:                       "",
		time.Nanosecond:         "1",
		999 * time.Millisecond:  "1",
		time.Second:             "1",
		time.Second + 1:         "2",
		1500 * time.Millisecond: "2",
		time.Minute:             "60",
	} {
		b := start(t, &stub{on: func(context.Context, proto.Message) error {
			e := apierror.New(connsvcv1.ErrorReason_UPSTREAM_THROTTLED, "", nil)
			e.RetryAfter = after
			return e
		}}, setup{})
		if got := b.do(t, http.MethodGet, one, nil, nil); got.header.Get("Retry-After") != want {
			t.Errorf("%v: got %q, want %q", after, got.header.Get("Retry-After"), want)
		}
	}
}
