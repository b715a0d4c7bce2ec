package soak_test

import (
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// get reads a connection and checks its state.
func (c *caller) get(ctx context.Context, conn *connection) {
	resp, _ := c.retry(ctx, c.client(), c.random, request{
		rpc: "GetEnhancedConnection", impatient: true,
		req:  &connsvcv1.GetEnhancedConnectionRequest{ProjectId: c.project, ConnectionId: conn.id},
		resp: func() proto.Message { return &connsvcv1.EnhancedConnection{} },
	})
	if got, is := resp.(*connsvcv1.EnhancedConnection); is {
		if problem := conn.differs(got); problem != "" {
			c.tally.violated("a get of %s: %s: %v", conn.name, problem, got)
		}
	}
}

// list lists a connection by its name. It may be missing, or shown without its latest
// change if that was within the lag, but must not be wrong.
func (c *caller) list(ctx context.Context, conn *connection) {
	settled := time.Since(conn.changed) > lag
	resp, _ := c.retry(ctx, c.client(), c.random, request{
		rpc: list, impatient: true,
		req:  &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: c.project, Name: conn.name},
		resp: func() proto.Message { return &connsvcv1.ListEnhancedConnectionsResponse{} },
	})
	listed, is := resp.(*connsvcv1.ListEnhancedConnectionsResponse)
	if !is {
		return
	}
	for _, got := range listed.GetConnections() {
		problem := conn.differs(got)
		if problem != "" && (settled || problem == another) {
			c.tally.violated("a list of %s: %s: %v", conn.name, problem, got)
		}
	}
}

const another = "another connection"

// differs returns in what DLI's connection differs from the state it must have.
func (conn *connection) differs(got *connsvcv1.EnhancedConnection) string {
	bound := slices.ContainsFunc(got.GetAvailableQueueInfo(), func(p *connsvcv1.Peering) bool { return p.GetName() == "q1" })
	switch {
	case got.GetId() != conn.id || got.GetName() != conn.name:
		return another
	case got.GetStatus() != connsvcv1.EnhancedConnection_ACTIVE:
		return "not ACTIVE"
	case !slices.EqualFunc(got.GetHosts(), conn.hosts, func(a, b *connsvcv1.Host) bool { return proto.Equal(a, b) }):
		return "other hosts"
	case bound != conn.queue:
		return "other queues"
	case len(got.GetRoutes()) > 1, (len(got.GetRoutes()) == 1) != conn.route:
		return "other routes"
	case got.GetIsPrivis() == conn.granted:
		return "other privileges"
	default:
		return ""
	}
}
