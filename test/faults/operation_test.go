package faults_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
)

const (
	create    = "CreateEnhancedConnection"
	requestID = "0d7c5a9e-3f7e-4a53-9b1e-6a2d3c4b5f60"
	madeName  = "made"
	vpc       = "22094d8f-c310-4621-913d-4c4d655d8495"
	subnet    = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
)

// A fixture is a project before the call of a case, with one connection that has a
// queue, a route and a grant, and a connectivity test of the queue.
type fixture struct {
	project string
	seed    string // the ID of the connection
	task    int64  // the ID of a connectivity test of its queue
}

// An operation is an RPC with the request that the matrix sends.
type operation struct {
	title    string // if the RPC has several operations
	rpc      string
	class    class
	request  func(fixture) proto.Message
	response func() proto.Message
	// happened reports whether DLI has executed the call; nil: it changes nothing.
	happened func(seed, made *connsvcv1.EnhancedConnection) bool
	// again are the reasons, beside success, by which a retry shows that the call was
	// executed before.
	again []string
	// valid reports whether a successful response is right; nil: it has no content.
	valid  func(proto.Message, fixture) bool
	quirks emulator.Quirks
}

// creates reports whether the operation makes a connection.
func (op *operation) creates() bool { return op.rpc == create }

func allOperations() []operation {
	return slices.Concat(createOperations(), connectionOperations(), queueOperations(), routeOperations(), privilegeOperations(), connectivityOperations())
}

func createOperations() []operation {
	request := func(id string) func(fixture) proto.Message {
		return func(s fixture) proto.Message {
			return &connsvcv1.CreateEnhancedConnectionRequest{
				ProjectId: s.project, Name: madeName, DestVpcId: vpc, DestNetworkId: subnet, Queues: []string{"q1"},
				Hosts: []*connsvcv1.Host{{Name: "db", Ip: "192.168.0.1"}}, RequestId: id,
			}
		}
	}
	response := func() proto.Message { return &connsvcv1.CreateEnhancedConnectionResponse{} }
	happened := func(_, made *connsvcv1.EnhancedConnection) bool { return made != nil }
	return []operation{
		{title: "create", rpc: create, class: rejected, request: request(""), response: response, happened: happened, again: []string{nameTaken}},
		{title: "create with request_id", rpc: create, class: rejected, request: request(requestID), response: response, happened: happened},
	}
}

func connectionOperations() []operation {
	hosts := []*connsvcv1.Host{{Name: "after", Ip: "192.168.0.9"}}
	return []operation{
		{
			rpc: "GetEnhancedConnection", class: readOnly,
			request: func(s fixture) proto.Message {
				return &connsvcv1.GetEnhancedConnectionRequest{ProjectId: s.project, ConnectionId: s.seed}
			},
			response: func() proto.Message { return &connsvcv1.EnhancedConnection{} },
			valid: func(m proto.Message, s fixture) bool {
				c, is := m.(*connsvcv1.EnhancedConnection)
				return is && c.GetId() == s.seed && c.GetName() == "seed" && len(c.GetRoutes()) == 1
			},
		},
		{
			rpc: "ListEnhancedConnections", class: readOnly,
			request:  func(s fixture) proto.Message { return &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: s.project} },
			response: func() proto.Message { return &connsvcv1.ListEnhancedConnectionsResponse{} },
			valid: func(m proto.Message, s fixture) bool {
				l, is := m.(*connsvcv1.ListEnhancedConnectionsResponse)
				return is && len(l.GetConnections()) == 1 && l.GetConnections()[0].GetId() == s.seed
			},
		},
		{
			rpc: "DeleteEnhancedConnection", class: idempotent,
			request: func(s fixture) proto.Message {
				return &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: s.project, ConnectionId: s.seed}
			},
			response: func() proto.Message { return &connsvcv1.DeleteEnhancedConnectionResponse{} },
			happened: func(seed, _ *connsvcv1.EnhancedConnection) bool {
				return seed.GetStatus() == connsvcv1.EnhancedConnection_DELETED
			},
			again: []string{noConnection},
		},
		{
			rpc: "UpdateEnhancedConnectionHosts", class: idempotent,
			request: func(s fixture) proto.Message {
				return &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: s.project, ConnectionId: s.seed, Hosts: hosts}
			},
			response: func() proto.Message { return &connsvcv1.UpdateEnhancedConnectionHostsResponse{} },
			happened: func(seed, _ *connsvcv1.EnhancedConnection) bool {
				return len(seed.GetHosts()) == 1 && proto.Equal(seed.GetHosts()[0], hosts[0])
			},
		},
	}
}

func queueOperations() []operation {
	bound := func(c *connsvcv1.EnhancedConnection, queue string) bool {
		return slices.ContainsFunc(c.GetAvailableQueueInfo(), func(p *connsvcv1.Peering) bool { return p.GetName() == queue })
	}
	bind := operation{
		rpc: "AssociateQueues", class: rejected,
		request: func(s fixture) proto.Message {
			return &connsvcv1.AssociateQueuesRequest{ProjectId: s.project, ConnectionId: s.seed, Queues: []string{"q1"}}
		},
		response: func() proto.Message { return &connsvcv1.AssociateQueuesResponse{} },
		happened: func(seed, _ *connsvcv1.EnhancedConnection) bool { return bound(seed, "q1") },
	}
	unbind := operation{
		rpc: "DisassociateQueues", class: rejected,
		request: func(s fixture) proto.Message {
			return &connsvcv1.DisassociateQueuesRequest{ProjectId: s.project, ConnectionId: s.seed, Queues: []string{"q0"}}
		},
		response: func() proto.Message { return &connsvcv1.DisassociateQueuesResponse{} },
		happened: func(seed, _ *connsvcv1.EnhancedConnection) bool { return !bound(seed, "q0") },
	}
	// DLI's documents do not say how it responds to the second call.
	strictBind, strictUnbind := bind, unbind
	strictBind.title, strictBind.quirks.RebindFails, strictBind.again = "AssociateQueues, not twice", true, []string{"UPSTREAM_REFUSED"}
	strictUnbind.title, strictUnbind.quirks.UnbindUnboundFails, strictUnbind.again = "DisassociateQueues, not twice", true, []string{noQueue}
	return []operation{bind, strictBind, unbind, strictUnbind}
}

func routeOperations() []operation {
	routed := func(c *connsvcv1.EnhancedConnection, name string) int {
		n := 0
		for _, r := range c.GetRoutes() {
			if r.GetName() == name {
				n++
			}
		}
		return n
	}
	return []operation{
		{
			rpc: "CreateRoute", class: rejected,
			request: func(s fixture) proto.Message {
				return &connsvcv1.CreateRouteRequest{ProjectId: s.project, ConnectionId: s.seed, Name: "r1", Cidr: "10.1.0.0/16"}
			},
			response: func() proto.Message { return &connsvcv1.CreateRouteResponse{} },
			happened: func(seed, _ *connsvcv1.EnhancedConnection) bool { return routed(seed, "r1") == 1 },
			again:    []string{nameTaken},
		},
		{
			rpc: "DeleteRoute", class: idempotent,
			request: func(s fixture) proto.Message {
				return &connsvcv1.DeleteRouteRequest{ProjectId: s.project, ConnectionId: s.seed, Name: "r0"}
			},
			response: func() proto.Message { return &connsvcv1.DeleteRouteResponse{} },
			happened: func(seed, _ *connsvcv1.EnhancedConnection) bool { return routed(seed, "r0") == 0 },
			again:    []string{noResource},
		},
	}
}

func privilegeOperations() []operation {
	object := func(s fixture) string { return "edsconnections." + s.seed }
	granted := func(all []*connsvcv1.Privilege) bool {
		return len(all) == 1 && all[0].GetApplicantProjectId() == "grantee"
	}
	return []operation{
		{
			rpc: "ListPrivileges", class: readOnly,
			request: func(s fixture) proto.Message {
				return &connsvcv1.ListPrivilegesRequest{ProjectId: s.project, ConnectionId: s.seed}
			},
			response: func() proto.Message { return &connsvcv1.ListPrivilegesResponse{} },
			valid: func(m proto.Message, _ fixture) bool {
				l, is := m.(*connsvcv1.ListPrivilegesResponse)
				return is && granted(l.GetPrivileges())
			},
		},
		{
			rpc: "UpdatePrivileges", class: idempotent,
			request: func(s fixture) proto.Message {
				return &connsvcv1.UpdatePrivilegesRequest{
					ProjectId: s.project, GranteeProjectId: "grantee", Action: "revoke",
					Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: object(s), Privileges: []string{"BIND_QUEUE"}}},
				}
			},
			response: func() proto.Message { return &connsvcv1.UpdatePrivilegesResponse{} },
			happened: func(seed, _ *connsvcv1.EnhancedConnection) bool { return seed.GetIsPrivis() },
		},
		{
			rpc: "ListPrivilegesByObject", class: readOnly,
			request: func(s fixture) proto.Message {
				return &connsvcv1.ListPrivilegesByObjectRequest{ProjectId: s.project, Object: object(s)}
			},
			response: func() proto.Message { return &connsvcv1.ListPrivilegesByObjectResponse{} },
			valid: func(m proto.Message, _ fixture) bool {
				l, is := m.(*connsvcv1.ListPrivilegesByObjectResponse)
				return is && granted(l.GetPrivileges())
			},
		},
	}
}

func connectivityOperations() []operation {
	return []operation{
		{
			rpc: "CreateConnectivityTest", class: idempotent,
			request: func(s fixture) proto.Message {
				return &connsvcv1.CreateConnectivityTestRequest{ProjectId: s.project, QueueName: "q0", Address: "192.168.0.1:5432"}
			},
			response: func() proto.Message { return &connsvcv1.CreateConnectivityTestResponse{} },
			valid: func(m proto.Message, s fixture) bool {
				r, is := m.(*connsvcv1.CreateConnectivityTestResponse)
				return is && r.GetTaskId() > s.task
			},
		},
		{
			rpc: "GetConnectivityTest", class: readOnly,
			request: func(s fixture) proto.Message {
				return &connsvcv1.GetConnectivityTestRequest{ProjectId: s.project, QueueName: "q0", TaskId: s.task}
			},
			response: func() proto.Message { return &connsvcv1.GetConnectivityTestResponse{} },
			valid: func(m proto.Message, _ fixture) bool {
				r, is := m.(*connsvcv1.GetConnectivityTestResponse)
				return is && r.GetConnectivity() == "REACHABLE"
			},
		},
	}
}

// newFixture sets up a project directly at DLI, before any fault is set.
func newFixture(t *testing.T, e *emulator.Emulator, project string) fixture {
	t.Helper()
	call := func(method, path, body string) {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body)))
		if w.Code >= http.StatusBadRequest {
			t.Fatalf("setting up the fixture: %s %s: %d %s", method, path, w.Code, w.Body)
		}
	}
	connections := "/v2.0/" + project + "/datasource/enhanced-connections"
	call(http.MethodPost, connections, `{"name":"seed","dest_vpc_id":"`+vpc+`","dest_network_id":"`+subnet+`","queues":["q0"]}`)
	s := fixture{project: project, seed: e.Connections(project)[0].ID, task: 1}
	call(http.MethodPost, "/v3/"+project+"/datasource/enhanced-connections/"+s.seed+"/routes", `{"name":"r0","cidr":"10.0.0.0/16"}`)
	call(http.MethodPut, "/v1.0/"+project+"/authorization",
		`{"projectId":"grantee","action":"grant","privileges":[{"object":"edsconnections.`+s.seed+`","privileges":["BIND_QUEUE"]}]}`)
	call(http.MethodPost, "/v1.0/"+project+"/queues/q0/connection-test", `{"address":"192.168.0.1:5432"}`)
	return s
}
