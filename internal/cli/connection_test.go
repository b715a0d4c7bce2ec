package cli_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/cli"
)

// TestList prints all pages, in each format.
func TestList(t *testing.T) {
	f := startFake(t)
	first := connection(id1, "orders", connsvcv1.Peering_ACTIVE, connsvcv1.Peering_CREATING)
	first.CreateTime = timestamppb.New(time.Date(2026, 11, 28, 20, 16, 40, 123000000, time.UTC))
	pages := []any{
		&connsvcv1.ListEnhancedConnectionsResponse{Count: 1, Connections: []*connsvcv1.EnhancedConnection{first}, NextPageToken: proto.String("n")},
		&connsvcv1.ListEnhancedConnectionsResponse{Count: 1, Connections: []*connsvcv1.EnhancedConnection{connection(id2, "billing\x1b[31m")}},
	}
	for _, tt := range []struct{ format, want string }{
		{"table", "NAME          ID                                    STATUS  PEERINGS              CREATED\n" +
			"orders        " + id1 + "  ACTIVE  1 CREATING, 1 ACTIVE  2026-11-28 20:16:40\n" +
			"billing [31m  " + id2 + "  ACTIVE  none\n"},
		{"name", "orders\nbilling [31m\n"},
		{"id", id1 + "\n" + id2 + "\n"},
		{"yaml", `is_success: true
message: ""
count: 2
connections:
  - id: ` + id1 + `
    name: orders
    status: ACTIVE
    available_queue_info:
      - peer_id: ""
        status: ACTIVE
        name: q1
        err_msg: ""
      - peer_id: ""
        status: CREATING
        name: q2
        err_msg: ""
    elastic_resource_pools: []
    dest_vpc_id: ""
    dest_network_id: ""
    create_time: "2026-11-28T20:16:40.123Z"
    ipv6_enable: false
    isPrivis: true
    routes: []
  - id: ` + id2 + `
    name: "billing\e[31m"
    status: ACTIVE
    available_queue_info: []
    elastic_resource_pools: []
    dest_vpc_id: ""
    dest_network_id: ""
    ipv6_enable: false
    isPrivis: true
    routes: []
`},
	} {
		f.on("ListEnhancedConnections", pages...)
		if r := f.command(t).run(t, "list", "-o", tt.format); r.stdout != tt.want || r.status != 0 || r.stderr != "" {
			t.Errorf("%s: status %d, %s\ngot\n%s\nwant\n%s", tt.format, r.status, r.stderr, r.stdout, tt.want)
		}
	}
	f.on("ListEnhancedConnections", pages[1])
	r := f.command(t).run(t, "list", "-o", "json", "--name", "billing", "--status", "ACTIVE", "--tag", "a=b")
	check(t, r.stdout, "{\n  \"is_success\": true,\n  \"message\": \"\",\n  \"count\": 1,\n  \"connections\": [\n")
	calls := f.calls("ListEnhancedConnections")
	want := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: "p1", Name: "billing", Status: connsvcv1.EnhancedConnection_ACTIVE, View: connsvcv1.EnhancedConnectionView_BASIC,
		Tags: []*connsvcv1.Tag{{Key: "a", Value: proto.String("b")}},
	}
	if last := calls[len(calls)-1]; !proto.Equal(last, want) {
		t.Errorf("sent %v", last)
	}
}

// TestListDeleted: only --all and --status show what the other commands do not find.
func TestListDeleted(t *testing.T) {
	f := startFake(t)
	deleted := connection(id2, "old")
	deleted.Status = connsvcv1.EnhancedConnection_DELETED
	page := &connsvcv1.ListEnhancedConnectionsResponse{Count: 2, Connections: []*connsvcv1.EnhancedConnection{deleted, connection(id1, "orders")}}
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"-o", "name"}, "orders\n"},
		{[]string{"-o", "id"}, id1 + "\n"},
		{[]string{"-o", "name", "--all"}, "old\norders\n"},
		{[]string{"-o", "name", "--status", "DELETED"}, "old\norders\n"}, // connsvc leaves out the others
	} {
		f.on("ListEnhancedConnections", page)
		if r := f.command(t).run(t, append([]string{"list"}, tt.args...)...); r.status != 0 || r.stdout != tt.want {
			t.Errorf("%v: status %d, %q%s", tt.args, r.status, r.stdout, r.stderr)
		}
	}
	r := f.command(t).run(t, "list", "-o", "json")
	if check(t, r.stdout, `"count": 1,`); strings.Contains(r.stdout, "DELETED") {
		t.Errorf("got %s", r.stdout)
	}
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{Count: 1, Connections: []*connsvcv1.EnhancedConnection{deleted}})
	r = f.command(t).run(t, "list")
	if r.status != 0 || r.stdout != "" || r.stderr != "project p1 has no connection\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
}

// TestNames: a name is taken where an ID is, if it is the name of one connection.
func TestNames(t *testing.T) {
	f := startFake(t)
	deleted := connection(id2, "orders")
	deleted.Status = connsvcv1.EnhancedConnection_DELETED
	f.on("DeleteEnhancedConnection", &connsvcv1.DeleteEnhancedConnectionResponse{IsSuccess: true})
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders"), deleted}})
	r := f.command(t).run(t, "delete", "orders", id2)
	if r.status != 0 || r.stdout != "orders deleted\n"+id2+" deleted\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	if calls := f.calls("DeleteEnhancedConnection"); len(calls) != 2 || !proto.Equal(calls[0], &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: "p1", ConnectionId: id1}) {
		t.Errorf("sent %v", calls)
	}

	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders"), connection(id2, "orders")}})
	r = f.command(t).run(t, "delete", "orders")
	check(t, r.stderr, `2 connections have the name "orders": give an ID, one of `+id1+", "+id2)
	if r.status != 1 || len(f.calls("DeleteEnhancedConnection")) != 2 {
		t.Errorf("status %d", r.status)
	}
	f.on("ListEnhancedConnections", &connsvcv1.ListEnhancedConnectionsResponse{})
	if r = f.command(t).run(t, "get", "orders"); r.status != 1 || r.stderr != `project p1 has no connection "orders"` {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// TestReferences: what could mean another connection than the one that is named is refused.
func TestReferences(t *testing.T) {
	f := startFake(t)
	only := &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{connection(id1, "orders")}}
	f.on("ListEnhancedConnections", only) // as without a filter
	hosts := write(t, "hosts", "10.0.0.1 db\n")
	for _, args := range [][]string{
		{"get", ""},
		{"wait", ""},
		{"watch", ""},
		{"delete", ""},
		{"delete", "orders", ""},
		{"list", "--name", ""},
		{"list", "--name="},
		{"hosts", "import", "", hosts},
		{"hosts", "export", ""},
		{"hosts", "add", "", "db=10.0.0.1"},
		{"hosts", "remove", "", "db"},
	} {
		if r := f.command(t).run(t, args...); r.status != cli.ExitUsage {
			t.Errorf("%q: status %d: %s%s", args, r.status, r.stdout, r.stderr)
		}
	}
	f.mu.Lock()
	if len(f.requests) > 0 {
		t.Errorf("sent %v", f.requests)
	}
	f.mu.Unlock()
	for _, name := range []string{"order", "Orders", " "} {
		r := f.command(t).run(t, "delete", name)
		if check(t, r.stderr, `project p1 has no connection "`+name+`"`); r.status != 1 || len(f.calls("DeleteEnhancedConnection")) > 0 {
			t.Errorf("status %d", r.status)
		}
	}
}

// TestErrors: all commands print errors alike: reason, what to do, fields, when to retry, request ID.
func TestErrors(t *testing.T) {
	f := startFake(t)
	f.on("GetEnhancedConnection", failure(codes.InvalidArgument, connsvcv1.ErrorReason_VALIDATION_FAILED, "request is not valid\x1b",
		&errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{{Field: "name", Description: "must be", Reason: "NAME"}}},
		&errdetails.Help{Links: []*errdetails.Help_Link{{Url: "https://example.com/errors"}}}))
	r := f.command(t).run(t, "get", id1)
	want := "getting connection \"" + id1 + "\": InvalidArgument: request is not valid \n  reason: VALIDATION_FAILED\n  what to do: correct the fields that are listed here\n  request ID: r1\n" +
		"  field name: must be (NAME)\n  see https://example.com/errors"
	if r.status != 1 || r.stderr != want {
		t.Errorf("status %d\ngot  %s\nwant %s", r.status, r.stderr, want)
	}
	c := f.command(t)
	c.env["CONNSVC_ADDRESS"] = "127.0.0.1:1"
	r = c.run(t, "get", id1)
	check(t, r.stderr, "Unavailable: ", "\n  is connsvc's gRPC listener there?")
}

// TestCreate sends what the flags say, with a request_id, and repeats a call whose outcome
// is unknown.
func TestCreate(t *testing.T) {
	f := startFake(t)
	f.on("CreateEnhancedConnection",
		failure(codes.Unavailable, connsvcv1.ErrorReason_OVERLOADED, "later", &errdetails.RetryInfo{}),
		&connsvcv1.CreateEnhancedConnectionResponse{IsSuccess: true, ConnectionId: id1, Warning: proto.String("beware")})
	args := []string{
		"create", "orders", "--vpc", vpc, "--network", network, "--queue", "q1", "--queue", "q2,q3", "--pool", "e1",
		"--host", "a=192.168.0.1", "--tag", "team=a", "--route-table", vpc,
	}
	r := f.command(t).run(t, args...)
	if r.status != 0 || r.stdout != "orders created: "+id1+"\n" || r.stderr != "warning: beware\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	calls := f.calls("CreateEnhancedConnection")
	want := &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: "p1", Name: "orders", DestVpcId: vpc, DestNetworkId: network, Queues: []string{"q1", "q2", "q3"}, ElasticResourcePools: []string{"e1"},
		Hosts: []*connsvcv1.Host{{Name: "a", Ip: "192.168.0.1"}}, Tags: []*connsvcv1.Tag{{Key: "team", Value: proto.String("a")}}, RoutetableId: vpc,
		RequestId: calls[0].(*connsvcv1.CreateEnhancedConnectionRequest).GetRequestId(),
	}
	if len(calls) != 2 || want.GetRequestId() == "" || !proto.Equal(calls[0], want) || !proto.Equal(calls[1], want) {
		t.Errorf("sent %v\nwant %v", calls, want)
	}
	f.on("WaitEnhancedConnection", &connsvcv1.WaitEnhancedConnectionResponse{Reached: connsvcv1.WaitEnhancedConnectionResponse_FAILED})
	r = f.command(t).run(t, append(args, "--wait", "-o", "id")...)
	if r.status != cli.ExitNotReached || r.stdout != id1+"\n" {
		t.Errorf("status %d: %s%s", r.status, r.stdout, r.stderr)
	}
	f.on("CreateEnhancedConnection", failure(codes.Unavailable, connsvcv1.ErrorReason_OVERLOADED, "later", &errdetails.RetryInfo{RetryDelay: durationpb.New(time.Hour)}))
	r = f.command(t).run(t, append(args, "--timeout", "50ms")...)
	if r.status != 1 || strings.Count(r.stderr, "creating connection") != 1 {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
	if r = f.command(t).run(t, append(args, "--host", "a")...); r.status != cli.ExitUsage {
		t.Errorf("status %d: %s", r.status, r.stderr)
	}
}

// TestGet shows queues, pools and routes.
func TestGet(t *testing.T) {
	f := startFake(t)
	c := connection(id1, "orders", connsvcv1.Peering_FAILED, connsvcv1.Peering_ACTIVE)
	c.AvailableQueueInfo[0].ErrMsg = "no\naddress"
	c.Routes = []*connsvcv1.Route{{Name: "r1", Cidr: "10.0.0.0/8"}}
	f.on("GetEnhancedConnection", c)
	want := `name     orders
id       ` + id1 + `
status   ACTIVE
VPC
network
created
hosts    0

KIND   NAME  STATUS  MESSAGE
queue  q1    FAILED  no address
queue  q2    ACTIVE

ROUTE  DESTINATION
r1     10.0.0.0/8
`
	if r := f.command(t).run(t, "get", id1); r.status != 0 || r.stdout != want {
		t.Errorf("status %d, got\n%s\nwant\n%s", r.status, r.stdout, want)
	}
	if r := f.command(t).run(t, "get", id1, "-o", "name"); r.stdout != "orders\n" {
		t.Errorf("got %s", r.stdout)
	}
}
