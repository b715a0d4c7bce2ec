package upstream_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/signing"
	"github.com/connsvc/connsvc/internal/upstream"
)

// What each RPC is on the wire: request line, body, and what its answer becomes.
func TestCallOnTheWire(t *testing.T) {
	const one = listPath + "/" + connection
	for _, tt := range []struct {
		name, method string
		req          proto.Message
		line, body   string
	}{
		{
			"create", create, createRequest(), "POST " + listPath,
			`{"name":"n","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281",` +
				`"queues":["q1"],"hosts":[{"name":"ecs","ip":"192.168.0.1"}]}`,
		},
		{"get", get, getRequest(), "GET " + one, ""},
		{"list everything", list, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}, "GET " + listPath, ""},
		{
			"list", list, &connsvcv1.ListEnhancedConnectionsRequest{
				ProjectId: project, Limit: proto.Int32(0), Offset: 2, Name: "n",
				Tags: []*connsvcv1.Tag{{Key: "k1", Value: proto.String("v 1+2")}, {Key: "k2", Value: proto.String("v2")}},
				View: connsvcv1.EnhancedConnectionView_BASIC,
			}, "GET " + listPath + "?limit=0&name=n&offset=2&tags=k1%3Dv%201%2B2%2Ck2%3Dv2", "",
		},
		{"delete", remove, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection}, "DELETE " + one, ""},
		{
			"clear hosts", hosts, &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: project, ConnectionId: connection},
			"PUT " + one, `{"hosts":[]}`,
		},
		{
			"associate", connsvcv1.ConnectionService_AssociateQueues_FullMethodName,
			&connsvcv1.AssociateQueuesRequest{ProjectId: project, ConnectionId: connection, Queues: []string{"q1", "q2"}},
			"POST " + one + "/associate-queue", `{"queues":["q1","q2"]}`,
		},
		{
			"create route", connsvcv1.ConnectionService_CreateRoute_FullMethodName,
			&connsvcv1.CreateRouteRequest{ProjectId: project, ConnectionId: connection, Name: "r", Cidr: "10.0.0.0/8"},
			"POST /v3/" + project + "/datasource/enhanced-connections/" + connection + "/routes", `{"name":"r","cidr":"10.0.0.0/8"}`,
		},
		{
			"delete route", connsvcv1.ConnectionService_DeleteRoute_FullMethodName,
			&connsvcv1.DeleteRouteRequest{ProjectId: project, ConnectionId: connection, Name: "a b:c"},
			"DELETE /v3/" + project + "/datasource/enhanced-connections/" + connection + "/routes/a%20b:c", "",
		},
		{
			"privileges", connsvcv1.ConnectionService_UpdatePrivileges_FullMethodName,
			&connsvcv1.UpdatePrivilegesRequest{
				ProjectId: project, GranteeProjectId: "p2", Action: "update",
				Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: "edsconnections." + connection}},
			},
			"PUT /v1.0/" + project + "/authorization",
			`{"projectId":"p2","action":"update","privileges":[{"object":"edsconnections.` + connection + `","privileges":[]}]}`,
		},
		{
			"privileges by object", connsvcv1.ConnectionService_ListPrivilegesByObject_FullMethodName,
			&connsvcv1.ListPrivilegesByObjectRequest{ProjectId: project, Object: "edsconnections." + connection},
			"GET /v1.0/" + project + "/authorization/privileges?object=edsconnections." + connection, "",
		},
		{
			"start a connectivity test", connsvcv1.ConnectionService_CreateConnectivityTest_FullMethodName,
			&connsvcv1.CreateConnectivityTestRequest{ProjectId: project, QueueName: "q1", Address: "db.example.com:5432"},
			"POST /v1.0/" + project + "/queues/q1/connection-test", `{"address":"db.example.com:5432"}`,
		},
		{
			"read a connectivity test", connsvcv1.ConnectionService_GetConnectivityTest_FullMethodName,
			&connsvcv1.GetConnectivityTestRequest{ProjectId: project, QueueName: "q1", TaskId: 9_007_199_254_740_993},
			"GET /v1.0/" + project + "/queues/q1/connection-test/9007199254740993", "",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var line, body string
			var length int64
			r := served(t, upstream.Options{}, func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				line, body, length = r.Method+" "+r.RequestURI, string(b), r.ContentLength
				answer(http.StatusOK, `{"is_success":true,"message":""}`)(w, r)
			})
			if err := callOf(t.Context(), r, tt.method, tt.req, responseOf(tt.method)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{tt.line, tt.body}, []string{line, body}); diff != "" {
				t.Errorf("on the wire (-want +got):\n%s", diff)
			}
			if length != int64(len(tt.body)) {
				t.Errorf("Content-Length %d, want %d", length, len(tt.body))
			}
		})
	}
}

// responseOf returns an empty message of an RPC's response type.
func responseOf(fullMethod string) proto.Message {
	name := fullMethod[strings.LastIndexByte(fullMethod, '/')+1:]
	switch name {
	case "CreateEnhancedConnection":
		return &connsvcv1.CreateEnhancedConnectionResponse{}
	case "GetEnhancedConnection":
		return &connsvcv1.EnhancedConnection{}
	case "ListEnhancedConnections":
		return &connsvcv1.ListEnhancedConnectionsResponse{}
	default:
		return &connsvcv1.DeleteEnhancedConnectionResponse{}
	}
}

func TestCallFillsTheAnswer(t *testing.T) {
	const id = "2a620c33-5609-40c9-affd-2b6453071b0f"
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusAccepted} {
		r := served(t, upstream.Options{}, answer(status, `{"is_success":true,"message":"m","connection_id":"`+id+`","new":[{}]}`+"\n"))
		var resp connsvcv1.CreateEnhancedConnectionResponse
		if err := callOf(t.Context(), r, create, createRequest(), &resp); err != nil {
			t.Fatal(err)
		}
		if !resp.GetIsSuccess() || resp.GetMessage() != "m" || resp.GetConnectionId() != id {
			t.Errorf("status %d: got %v", status, &resp)
		}
	}
}

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestCallIsSigned(t *testing.T) {
	var verified []error
	var header http.Header
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		header = r.Header
		key := func(id string) (string, bool) { return canarySecret, id == canaryID }
		verified = append(verified, signing.Verify(r, body, key, noon))
		answer(http.StatusOK, `{"is_success":true}`)(w, r)
	}
	r := served(t, upstream.Options{Now: func() time.Time { return noon }}, handler)
	if err := callCreate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if got := header.Get("X-Security-Token"); got != canaryTemp {
		t.Errorf("X-Security-Token %q, want %q", got, canaryTemp)
	}
	want := "SignedHeaders=content-type;host;x-project-id;x-sdk-date;x-security-token,"
	if got := header.Get("Authorization"); !strings.Contains(got, want) {
		t.Errorf("Authorization %q lacks %s", got, want)
	}
	tags := []*connsvcv1.Tag{{Key: "k é", Value: proto.String("v 1+2@:")}}
	req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Tags: tags}
	if err := callOf(t.Context(), r, list, req, &connsvcv1.ListEnhancedConnectionsResponse{}); err != nil {
		t.Fatal(err)
	}
	route := &connsvcv1.DeleteRouteRequest{ProjectId: project, ConnectionId: connection, Name: "../a b:c%2f"}
	err := callOf(t.Context(), r, connsvcv1.ConnectionService_DeleteRoute_FullMethodName, route, &connsvcv1.DeleteRouteResponse{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]error{nil, nil, nil}, verified); diff != "" {
		t.Errorf("verified (-want +got):\n%s", diff)
	}
}

func TestCallWithToken(t *testing.T) {
	var got http.Header
	server := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		got = r.Header
		answer(http.StatusOK, `{}`)(w, r)
	})
	if err := callGet(t.Context(), router(t, upstream.Options{}, withToken(server))); err != nil {
		t.Fatal(err)
	}
	want := http.Header{
		"Accept": {"application/json"}, "Content-Type": {"application/json"}, "User-Agent": {"connsvc"},
		"X-Project-Id": {project}, "X-Auth-Token": {canaryToken},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
}

// A value of the path stays one segment, whatever it holds, or is not sent.
func TestCallNeverLeavesItsSegment(t *testing.T) {
	const method = connsvcv1.ConnectionService_DeleteRoute_FullMethodName
	for _, value := range []string{
		"../..%2f", "..%2f..%2f", "/../..", "a/b", `..\..`, "?x=1", "#x", "%", "%00", "\x00\r\n", "%2e%2e", "é", ";a=b", "//host", "a b",
	} {
		var segments []string
		r := served(t, upstream.Options{}, func(w http.ResponseWriter, r *http.Request) {
			segments = strings.Split(r.URL.EscapedPath(), "/")
			answer(http.StatusOK, `{}`)(w, r)
		})
		req := &connsvcv1.DeleteRouteRequest{ProjectId: value, ConnectionId: value, Name: value}
		if err := callOf(t.Context(), r, method, req, &connsvcv1.DeleteRouteResponse{}); err != nil {
			// net/http refuses to send a line end in a header.
			if e := failure(t, err); e.Sent || !strings.ContainsAny(value, "\x00\r\n") {
				t.Errorf("%q: %v", value, err)
			}
			continue
		}
		if len(segments) != 8 || segments[3] != "datasource" || segments[6] != "routes" {
			t.Errorf("%q travels as %q", value, segments)
		}
		for _, i := range []int{2, 5, 7} {
			if got := unescaped(t, segments[i]); got != value {
				t.Errorf("%q arrives as %q", value, got)
			}
		}
	}
}

func TestCallRefusesSegmentsThatServersResolve(t *testing.T) {
	r := served(t, upstream.Options{}, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.RequestURI) })
	for _, value := range []string{"", ".", ".."} {
		for _, req := range []*connsvcv1.GetEnhancedConnectionRequest{
			{ProjectId: value, ConnectionId: connection},
			{ProjectId: project, ConnectionId: value},
		} {
			wantKind(t, callOf(t.Context(), r, get, req, &connsvcv1.EnhancedConnection{}), upstream.Invalid, false)
		}
	}
}

func TestCallRefusesWhatItCannotSend(t *testing.T) {
	r := served(t, upstream.Options{}, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.RequestURI) })
	notUTF8 := createRequest()
	notUTF8.Name = "\xff"
	for name, call := range map[string]func() error{
		"unknown RPC":     func() error { return callOf(t.Context(), r, "/x/Y", getRequest(), &connsvcv1.EnhancedConnection{}) },
		"another request": func() error { return callOf(t.Context(), r, create, getRequest(), &connsvcv1.EnhancedConnection{}) },
		"not UTF-8": func() error {
			return callOf(t.Context(), r, create, notUTF8, &connsvcv1.CreateEnhancedConnectionResponse{})
		},
	} {
		t.Run(name, func(t *testing.T) { wantKind(t, call(), upstream.Invalid, false) })
	}
}
