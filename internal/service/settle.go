package service

import (
	"context"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// clockTick is longer than what DLI's times are told in. Who looks so much after
// its POST cannot miss a connection that was made in the same millisecond.
const clockTick = 2 * time.Millisecond

// settle looks, after a POST with a request_id that made a connection, whether
// another replica's made one too: DLI may allow a name twice. The oldest stays; who
// made a younger one deletes it and answers with the oldest.
func (c *creation) settle(ctx context.Context, resp *connsvcv1.CreateEnhancedConnectionResponse) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	own := resp.GetConnectionId()
	ours, err := c.rivals(ctx, own)
	if err != nil {
		c.addWarning("whether another call with the same request_id made a connection too could not be checked")
		return c.made(resp), nil //nolint:nilerr // the connection is made
	}
	if len(ours) == 0 || ours[0].GetId() == own {
		return c.made(resp), nil
	}
	if !c.discard(ctx, own) {
		c.service.observe(ctx, LeftBehind)
		c.addWarning("connection %s is a second one that a race made and that could not be deleted: delete it", own)
	}
	return c.decide(ctx, ours[:1], Replayed)
}

// rivals returns the connections that bear the request_id, own among them, the
// oldest first; none where lists show none in time.
func (c *creation) rivals(ctx context.Context, own string) (ours []*connsvcv1.EnhancedConnection, err error) {
	if !sleep(ctx, clockTick) {
		return nil, ctx.Err()
	}
	c.poll(ctx, min(lookupFor, c.reconcileFor), func(ctx context.Context) bool {
		ours, err = c.list(ctx, c.tag)
		return err != nil || len(ours) > 0
	})
	isOwn := func(conn *connsvcv1.EnhancedConnection) bool { return conn.GetId() == own }
	if err != nil || len(ours) == 0 || slices.ContainsFunc(ours, isOwn) {
		return ours, err
	}
	// A list that lags shows the other's alone, and to the other perhaps ours alone:
	// without the age of both, each would delete its own.
	conn, err := getConnection(ctx, c.dli, &connsvcv1.GetEnhancedConnectionRequest{
		ProjectId: c.req.GetProjectId(), ConnectionId: own,
	})
	if err != nil {
		return nil, err
	}
	ours = append(ours, conn)
	slices.SortFunc(ours, byAge)
	return ours, nil
}

// discard deletes the connection that this create made, and reports whether it is
// gone. DLI deletes none while a peering of it is CREATING.
func (c *creation) discard(ctx context.Context, id string) (gone bool) {
	c.poll(ctx, c.reconcileFor, func(ctx context.Context) bool {
		_, err := deleteConnection(ctx, c.dli, &connsvcv1.DeleteEnhancedConnectionRequest{
			ProjectId: c.req.GetProjectId(), ConnectionId: id,
		})
		gone = err == nil || reasonOfError(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
		return gone
	})
	return gone
}
