package create

import (
	"context"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// clockTick exceeds the resolution of DLI's times. A lookup so long after the POST
// cannot miss a connection that was made in the same millisecond.
const clockTick = 2 * time.Millisecond

// resolveDuplicate checks, after a POST with a request_id succeeded, whether another
// replica made a connection too: DLI may allow a name twice. The oldest stays; the
// create that made a younger one deletes it and returns the oldest.
func (n *creation) resolveDuplicate(ctx context.Context, resp *connsvcv1.CreateEnhancedConnectionResponse) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	own := resp.GetConnectionId()
	ours, err := n.rivals(ctx, own)
	if err != nil {
		n.addWarning("whether another call with the same request_id made a connection too could not be checked")
		return n.made(resp), nil //nolint:nilerr // the connection is made
	}
	if len(ours) == 0 || ours[0].GetId() == own {
		return n.made(resp), nil
	}
	if !n.discard(ctx, own) {
		n.outcomes.add(ctx, leftBehind)
		n.addWarning("connection %s is a second one that a race made and that could not be deleted: delete it", own)
	}
	return n.decide(ctx, ours[:1], replayed)
}

// rivals returns the connections with the request_id, own among them, the oldest
// first; none where lists show none in time.
func (n *creation) rivals(ctx context.Context, own string) (ours []*connsvcv1.EnhancedConnection, err error) {
	if !sleep(ctx, clockTick) {
		return nil, ctx.Err()
	}
	n.poll(ctx, min(lookupFor, n.reconcileFor), func(ctx context.Context) bool {
		ours, err = n.list(ctx, n.tag)
		return err != nil || len(ours) > 0
	})
	isOwn := func(conn *connsvcv1.EnhancedConnection) bool { return conn.GetId() == own }
	if err != nil || len(ours) == 0 || slices.ContainsFunc(ours, isOwn) {
		return ours, err
	}
	// A list that lags may show only the other one, and to the other replica only ours:
	// without the age of both, each would delete its own.
	conn, err := n.get(ctx, own)
	if err != nil {
		return nil, err
	}
	ours = append(ours, conn)
	slices.SortFunc(ours, byAge)
	return ours, nil
}

// discard deletes the connection that this create made, and reports whether it is
// gone. DLI deletes none while a peering of it is CREATING.
func (n *creation) discard(ctx context.Context, id string) (gone bool) {
	n.poll(ctx, n.reconcileFor, func(ctx context.Context) bool {
		gone = n.remove(ctx, id) == nil
		return gone
	})
	return gone
}
