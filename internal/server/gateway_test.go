package server_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// TestGatewayTakesNothingElse: what grpc-gateway would do by itself with a request, and a
// client of DLI does not mean.
func TestGatewayTakesNothingElse(t *testing.T) {
	var reached proto.Message
	b := start(t, &stub{on: func(_ context.Context, req proto.Message) error {
		reached = req
		return nil
	}}, setup{})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	for name, tt := range map[string]struct {
		method, target string
		header         http.Header
		body           string
		status         int
		text           string // in the error
	}{
		"method override":            {http.MethodPost, one, http.Header{"X-Http-Method-Override": {"DELETE"}}, "{}", 405, "METHOD_NOT_ALLOWED"},
		"form in place of a query":   {http.MethodPost, one + "/privileges", form, "project_id=other", 405, "METHOD_NOT_ALLOWED"},
		"form in place of JSON":      {http.MethodPost, connections, form, "name=test", 400, "JSON_SYNTAX"},
		"query over the path":        {http.MethodGet, one + "?project_id=other", nil, "", 400, "JSON_UNKNOWN_FIELD"},
		"query in JSON's name":       {http.MethodGet, one + "?projectId=other", nil, "", 400, "JSON_UNKNOWN_FIELD"},
		"query over the list's":      {http.MethodGet, connections + "?project_id=other", nil, "", 400, "JSON_UNKNOWN_FIELD"},
		"query beside a body":        {http.MethodPost, connections + "?name=other", nil, create, 400, "JSON_UNKNOWN_FIELD"},
		"project in the body":        {http.MethodPost, connections, nil, `{"project_id":"other",` + create[1:], 400, "JSON_UNKNOWN_FIELD"},
		"no body clears no hosts":    {http.MethodPut, one, nil, "", 400, "JSON_SYNTAX"},
		"white space clears none":    {http.MethodPut, one, nil, " \n", 400, "JSON_SYNTAX"},
		"half an object clears none": {http.MethodPut, one, nil, "{", 400, "JSON_SYNTAX"},
		"a word for a number":        {http.MethodGet, tests + "/latest", nil, "", 400, `"field":"task_id","description":"expected a whole number","reason":"JSON_TYPE"`},
		"a hexadecimal number":       {http.MethodGet, tests + "/0x9", nil, "", 400, `"field":"task_id"`},
		"a sign before a number":     {http.MethodGet, tests + "/+9", nil, "", 400, `"field":"task_id"`},
		"a number of over 64 bits":   {http.MethodGet, tests + "/9223372036854775808", nil, "", 400, `"field":"task_id"`},
	} {
		t.Run(name, func(t *testing.T) {
			reached = nil
			got := b.do(t, tt.method, tt.target, tt.header, strings.NewReader(tt.body))
			if got.status != tt.status || !strings.Contains(got.text, tt.text) || reached != nil {
				t.Errorf("got %d %s, reached the service as %v", got.status, got.body, reached)
			}
		})
	}
}

// TestHopByHopHeaders: no trailers are sent to a client that accepts some, and a deadline
// of gRPC is none of REST.
func TestHopByHopHeaders(t *testing.T) {
	b := start(t, &stub{}, setup{})
	got := b.do(t, http.MethodGet, one, http.Header{"Te": {"trailers"}, "Grpc-Timeout": {"nonsense"}}, nil)
	if got.status != http.StatusOK || got.header.Get("Content-Length") == "" || got.header.Get("Trailer") != "" {
		t.Errorf("got %d %v", got.status, got.header)
	}
	for name := range got.header {
		if strings.HasPrefix(name, "Grpc-") {
			t.Errorf("got header %s", name)
		}
	}
}

// TestEveryBindingIsServed: each HTTP method and path of the contract reaches its RPC, which
// the access log names.
func TestEveryBindingIsServed(t *testing.T) {
	b := start(t, &stub{}, setup{})
	route := one + "/routes"
	for _, tt := range []struct{ method, path, rpc string }{
		{http.MethodPost, connections, "CreateEnhancedConnection"},
		{http.MethodGet, one, "GetEnhancedConnection"},
		{http.MethodHead, one, "GetEnhancedConnection"},
		{http.MethodGet, connections, "ListEnhancedConnections"},
		{http.MethodDelete, one, "DeleteEnhancedConnection"},
		{http.MethodPut, one, "UpdateEnhancedConnectionHosts"},
		{http.MethodPost, one + "/associate-queue", "AssociateQueues"},
		{http.MethodPost, one + "/disassociate-queue", "DisassociateQueues"},
		{http.MethodPost, route, "CreateRoute"},
		{http.MethodPost, strings.Replace(route, "v2.0", "v3", 1), "CreateRoute"},
		{http.MethodDelete, route + "/r", "DeleteRoute"},
		{http.MethodDelete, strings.Replace(route, "v2.0", "v3", 1) + "/r", "DeleteRoute"},
		{http.MethodGet, one + "/privileges", "ListPrivileges"},
		{http.MethodPut, "/v1.0/" + project + "/authorization", "UpdatePrivileges"},
		{http.MethodGet, "/v1.0/" + project + "/authorization/privileges", "ListPrivilegesByObject"},
		{http.MethodPost, tests, "CreateConnectivityTest"},
		{http.MethodGet, tests + "/9", "GetConnectivityTest"},
	} {
		id := fmt.Sprint("request-", tt.method, len(tt.path), tt.rpc)
		b.do(t, tt.method, tt.path, http.Header{"X-Request-Id": {id}}, strings.NewReader("{}"))
		if logged := b.logs.await(t, "call", id); logged["rpc_method"] != connsvcv1.ConnectionService_ServiceDesc.ServiceName+"/"+tt.rpc {
			t.Errorf("%s %s: logged %v", tt.method, tt.path, logged)
		}
	}
}

// TestUnsentBodyOfAGet: an announced body that no RPC of the method reads delays no response,
// and its call keeps no place.
func TestUnsentBodyOfAGet(t *testing.T) {
	b := start(t, &stub{hosts: slices.Repeat([]*connsvcv1.Host{{Name: "host", Ip: "10.0.0.1"}}, 1000)}, setup{})
	for _, target := range []string{connections, one} {
		c := b.caller(t)
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n", target)
		if got := c.answer(t); got.status != http.StatusOK || got.header.Get("Connection") != "close" {
			t.Errorf("got %d %v", got.status, got.header)
		}
		c.awaitClose(t)
	}
	b.awaitMetricOf(t, "0", "connsvc_calls_in_flight", map[string]string{"api": "rest"})
}
