package soak_test

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// minAge is the age of a connection before it is deleted. A create that its caller gave
// up may still reach DLI, and would create the connection again.
const minAge = time.Second

// change makes a call until it succeeds, and reports whether it did.
func (c *caller) change(ctx context.Context, q request) bool {
	_, failure := c.retry(ctx, c.client(), c.random, q)
	return failure == nil || slices.Contains(q.again, failure.Outcome())
}

func (c *caller) delete(ctx context.Context, conn *connection) {
	if time.Since(conn.created) < minAge {
		return
	}
	gone := c.change(ctx, request{
		rpc:   "DeleteEnhancedConnection",
		req:   &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: c.project, ConnectionId: conn.id},
		resp:  func() proto.Message { return &connsvcv1.DeleteEnhancedConnectionResponse{} },
		again: []string{noConnection},
	})
	if gone {
		c.owns = slices.DeleteFunc(c.owns, func(other *connection) bool { return other == conn })
	}
}

func (c *caller) replaceHosts(ctx context.Context, conn *connection) {
	hosts := c.hosts()
	if c.change(ctx, request{
		rpc:  "UpdateEnhancedConnectionHosts",
		req:  &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: c.project, ConnectionId: conn.id, Hosts: hosts},
		resp: func() proto.Message { return &connsvcv1.UpdateEnhancedConnectionHostsResponse{} },
	}) {
		conn.hosts, conn.changed = hosts, time.Now()
	}
}

func (c *caller) bindOrUnbind(ctx context.Context, conn *connection) {
	queues := []string{"q1"}
	q := request{
		rpc:  "AssociateQueues",
		req:  &connsvcv1.AssociateQueuesRequest{ProjectId: c.project, ConnectionId: conn.id, Queues: queues},
		resp: func() proto.Message { return &connsvcv1.AssociateQueuesResponse{} },
	}
	if conn.queue {
		q.rpc = "DisassociateQueues"
		q.req = &connsvcv1.DisassociateQueuesRequest{ProjectId: c.project, ConnectionId: conn.id, Queues: queues}
		q.resp = func() proto.Message { return &connsvcv1.DisassociateQueuesResponse{} }
	}
	if c.change(ctx, q) {
		conn.queue, conn.changed = !conn.queue, time.Now()
	}
}

func (c *caller) addOrRemoveRoute(ctx context.Context, conn *connection) {
	q := request{
		rpc:   "CreateRoute",
		req:   &connsvcv1.CreateRouteRequest{ProjectId: c.project, ConnectionId: conn.id, Name: "r1", Cidr: "10.1.0.0/16"},
		resp:  func() proto.Message { return &connsvcv1.CreateRouteResponse{} },
		again: []string{nameTaken},
	}
	if conn.route {
		q.rpc = "DeleteRoute"
		q.req = &connsvcv1.DeleteRouteRequest{ProjectId: c.project, ConnectionId: conn.id, Name: "r1"}
		q.resp = func() proto.Message { return &connsvcv1.DeleteRouteResponse{} }
		q.again = []string{noResource}
	}
	if c.change(ctx, q) {
		conn.route, conn.changed = !conn.route, time.Now()
	}
}

func (c *caller) grantOrRevoke(ctx context.Context, conn *connection) {
	action := "grant"
	if conn.granted {
		action = "revoke"
	}
	if c.change(ctx, request{
		rpc: "UpdatePrivileges",
		req: &connsvcv1.UpdatePrivilegesRequest{
			ProjectId: c.project, GranteeProjectId: "grantee", Action: action,
			Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{
				{Object: "edsconnections." + conn.id, Privileges: []string{"BIND_QUEUE"}},
			},
		},
		resp: func() proto.Message { return &connsvcv1.UpdatePrivilegesResponse{} },
	}) {
		conn.granted, conn.changed = !conn.granted, time.Now()
	}
}
