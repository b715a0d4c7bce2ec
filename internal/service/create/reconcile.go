package create

import (
	"context"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// The slack of a connection's age where no request_id tells which create made it. Where
// DLI's clock is not known, it and this machine's may differ by more.
const (
	knownClockSlack   = time.Second
	unknownClockSlack = 5 * time.Second
)

// reconcile searches for the connection of a POST whose outcome is unknown. Another
// create may have made what lists show first, so the search goes on until they must show
// everything, unless DLI rejects taken names.
func (n *creation) reconcile(ctx context.Context, unknown error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	conclusive := false
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		l, err := n.look(ctx)
		switch ours := n.ours(); {
		case err != nil || len(ours) == 0:
			return false
		case n.dli.UniqueNames():
			conclusive = true
		case n.tag == nil:
			conclusive = contains(l.named, ours[0].GetId()) && l.listed.Sub(n.postEnded) >= n.listLag
		default:
			conclusive = contains(l.tagged, ours[0].GetId()) && l.listed.Sub(n.postEnded) >= max(n.listLag, n.rivalWindow)
		}
		return conclusive
	})
	ours := n.ours()
	if len(ours) == 0 {
		return nil, n.unknown(ctx, unknown)
	}
	switch {
	case conclusive:
	case n.tag == nil:
		n.warn("the connection was found by its name and content: another create may have made it")
	default:
		n.warn(uncheckedRivals)
	}
	return n.existing(ctx, ours, adopted)
}

// ours are the connections that this create made, the oldest first: those with its
// request_id, or else the single one that is as requested and not older than the POST.
func (n *creation) ours() []*connsvcv1.EnhancedConnection {
	if n.tag != nil {
		return n.tagged.byAge()
	}
	since := n.postBegan.Truncate(time.Millisecond) // the resolution of DLI's times
	if ahead, known := n.dli.Skew(); known {
		since = since.Add(ahead - knownClockSlack)
	} else {
		since = since.Add(-unknownClockSlack)
	}
	ours := slices.DeleteFunc(n.named.byAge(), func(conn *connsvcv1.EnhancedConnection) bool {
		return conn.GetCreateTime().AsTime().Before(since) || len(differences(n.req, conn)) > 0
	})
	if len(ours) != 1 {
		return nil
	}
	return ours
}

// nameTaken decides the outcome of a POST that DLI rejected for its name. Without a
// request_id the rejection is proof; with one, an earlier call may have made the
// connection that has the name, until lists must show its tags.
func (n *creation) nameTaken(ctx context.Context, taken error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	anothers := n.tag == nil
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		l, err := n.look(ctx)
		switch {
		case err != nil:
			return false
		case n.tag == nil:
			return len(l.named) > 0 || l.listed.Sub(n.postEnded) >= n.listLag
		}
		anothers = len(l.named) > 0 && !slices.ContainsFunc(l.named, func(conn *connsvcv1.EnhancedConnection) bool {
			return !n.mustShow(n.named[conn.GetId()], l.listed)
		})
		return anothers || len(n.tagged) > 0
	})
	if len(n.named) > 0 && isCode(taken, "DLI.0006") {
		n.dli.RecordUniqueNames()
	}
	switch {
	case len(n.tagged) > 0:
		return n.existing(ctx, n.tagged.byAge(), replayed)
	case anothers:
		return nil, n.takenBy(ctx, n.seen(), taken)
	default:
		return nil, n.unknown(ctx, taken)
	}
}
