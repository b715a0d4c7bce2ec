package soak_test

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// age is how old a connection must be to be deleted: a call that its caller gave up
// may still be on its way to DLI, and create the connection again.
const age = time.Second

// know asks, and reports whether the caller knows what it wanted to.
func (c *caller) know(ctx context.Context, q question) bool {
	_, refusal := c.ask(ctx, c.door(), c.random, q)
	return refusal == nil || slices.Contains(q.again, refusal.Told())
}

func (c *caller) delete(ctx context.Context, conn *connection) {
	if time.Since(conn.since) < age {
		return
	}
	gone := c.know(ctx, question{
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
	if c.know(ctx, question{
		rpc:  "UpdateEnhancedConnectionHosts",
		req:  &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: c.project, ConnectionId: conn.id, Hosts: hosts},
		resp: func() proto.Message { return &connsvcv1.UpdateEnhancedConnectionHostsResponse{} },
	}) {
		conn.hosts = hosts
	}
}

func (c *caller) bindOrUnbind(ctx context.Context, conn *connection) {
	queues := []string{"q1"}
	q := question{
		rpc:  "AssociateQueues",
		req:  &connsvcv1.AssociateQueuesRequest{ProjectId: c.project, ConnectionId: conn.id, Queues: queues},
		resp: func() proto.Message { return &connsvcv1.AssociateQueuesResponse{} },
	}
	if conn.queue {
		q.rpc = "DisassociateQueues"
		q.req = &connsvcv1.DisassociateQueuesRequest{ProjectId: c.project, ConnectionId: conn.id, Queues: queues}
		q.resp = func() proto.Message { return &connsvcv1.DisassociateQueuesResponse{} }
	}
	if c.know(ctx, q) {
		conn.queue = !conn.queue
	}
}

func (c *caller) routeOrNot(ctx context.Context, conn *connection) {
	q := question{
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
	if c.know(ctx, q) {
		conn.route = !conn.route
	}
}

func (c *caller) grantOrRevoke(ctx context.Context, conn *connection) {
	action := "grant"
	if conn.granted {
		action = "revoke"
	}
	if c.know(ctx, question{
		rpc: "UpdatePrivileges",
		req: &connsvcv1.UpdatePrivilegesRequest{
			ProjectId: c.project, GranteeProjectId: "grantee", Action: action,
			Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{
				{Object: "edsconnections." + conn.id, Privileges: []string{"BIND_QUEUE"}},
			},
		},
		resp: func() proto.Message { return &connsvcv1.UpdatePrivilegesResponse{} },
	}) {
		conn.granted = !conn.granted
	}
}
