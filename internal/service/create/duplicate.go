package create

import (
	"context"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// clockTick exceeds the resolution of DLI's times. A lookup so long after the POST
// cannot miss a connection that was made in the same millisecond.
const clockTick = 2 * time.Millisecond

const uncheckedRivals = "whether another create with the same request_id made a connection too could not be checked"

// resolveDuplicate checks, after a POST with a request_id succeeded, whether a concurrent
// create made a connection too, unless DLI rejects taken names. The oldest stays; the
// create that made a younger one deletes it and returns the oldest.
func (n *creation) resolveDuplicate(ctx context.Context, resp *connsvcv1.CreateEnhancedConnectionResponse) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	if n.tag == nil || n.dli.UniqueNames() {
		return n.made(resp), nil
	}
	own := resp.GetConnectionId()
	if !n.findRivals(ctx, own) {
		n.warn(uncheckedRivals)
	}
	if _, ok := n.seen[own]; !ok && len(n.seen) > 0 {
		// Lists show only rivals: without the age of its own, each create would delete its own.
		if conn, err := n.get(ctx, own); err == nil {
			n.seen.add(conn, true)
		}
	}
	s, shown := n.seen[own]
	mayBeYounger := shown && created(s.conn).Before(never)
	for _, other := range n.ours() {
		switch {
		case other.GetId() == own:
			mayBeYounger = false
		case !n.sees(other): // it may be another caller's, with the same request_id
			n.warn(uncheckedRivals)
		case !mayBeYounger:
			n.warn("connection %s has the same request_id: delete it unless it is in use", other.GetId())
		default:
			if conn, known := n.exists(ctx, other.GetId()); conn != nil || !known {
				return n.yield(ctx, resp, other.GetId(), conn)
			}
		}
	}
	return n.made(resp), nil
}

// findRivals looks for connections with the request_id until lists show own, and to the
// end of the rival window. It returns false if time ends first.
func (n *creation) findRivals(ctx context.Context, own string) (conclusive bool) {
	if !call.Sleep(ctx, clockTick) {
		return false
	}
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		began := time.Now()
		shown, err := n.list(ctx, n.tag)
		conclusive = err == nil && contains(shown, own) && began.Sub(n.postEnded) >= n.rivalWindow
		return conclusive
	})
	return conclusive
}

// yield deletes the connection that this create made, and returns the older one of a
// concurrent create; nil: whether that exists is not known. What it cannot delete, or may
// not, it names in a warning.
func (n *creation) yield(ctx context.Context, resp *connsvcv1.CreateEnhancedConnectionResponse, id string, older *connsvcv1.EnhancedConnection) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	own := resp.GetConnectionId()
	request := unproven
	if older != nil {
		request = n.compare(ctx, older)
	}
	yields := request != unproven
	switch deleted := yields && n.discard(ctx, own); {
	case deleted && request == otherRequest:
		return nil, n.requestIDUsed(ctx, older)
	case deleted:
	case yields && request != otherRequest:
		n.outcomes.Add(ctx, leftBehind)
		n.warn("connection %s is a second one that could not be deleted: delete it", own)
	default:
		n.outcomes.Add(ctx, leftBehind)
		n.warn("connection %s, older, has the same request_id: delete the one that is not in use", id)
		return n.made(resp), nil
	}
	return n.found(ctx, older, replayed), nil
}

// discard deletes a connection, and reports whether it is gone. DLI deletes none while a
// peering of it is CREATING.
func (n *creation) discard(ctx context.Context, id string) (gone bool) {
	n.poll(ctx, time.Now().Add(n.reconcileFor), func(ctx context.Context) bool {
		gone = n.remove(ctx, id) == nil
		return gone
	})
	return gone
}
