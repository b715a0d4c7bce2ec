package create

import (
	"context"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
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
	case n.tag == nil:
		n.warn("the response of DLI was lost: the connection was found by its name and content, and another caller may have made it")
	case !conclusive:
		n.warn(uncheckedRivals)
	}
	return n.existing(ctx, ours, adopted)
}

// ours are the connections that this create made, the oldest first: those with its
// request_id, or else the single one that is as requested and was made during the POST.
func (n *creation) ours() []*connsvcv1.EnhancedConnection {
	if n.tag != nil {
		return n.tagged.byAge()
	}
	slack := unknownClockSlack
	ahead, known := n.dli.Skew()
	if known {
		slack = knownClockSlack
	} else {
		ahead = 0
	}
	since := n.postBegan.Truncate(time.Millisecond).Add(ahead - slack) // the resolution of DLI's times
	until := n.postEnded.Add(ahead + slack)
	ours := slices.DeleteFunc(n.named.byAge(), func(conn *connsvcv1.EnhancedConnection) bool {
		made := conn.GetCreateTime().AsTime()
		return made.Before(since) || made.After(until) || len(differences(n.req, conn)) > 0
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
	var anothers []*connsvcv1.EnhancedConnection
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		l, err := n.look(ctx)
		switch {
		case err != nil:
			return false
		case n.tag == nil:
			return len(l.named) > 0 || l.listed.Sub(n.postEnded) >= n.listLag
		case len(n.tagged) > 0:
			return true
		}
		anothers = n.anothers(ctx, l)
		return len(anothers) > 0
	})
	if len(n.named) > 0 && isCode(taken, "DLI.0006") {
		n.dli.RecordUniqueNames()
	}
	switch {
	case len(n.tagged) > 0:
		return n.existing(ctx, n.tagged.byAge(), replayed)
	case n.tag == nil:
		return nil, n.takenBy(ctx, n.seen(), taken)
	case len(anothers) > 0:
		return nil, n.takenBy(ctx, anothers, taken)
	default:
		return nil, n.unknown(ctx, taken)
	}
}

// anothers are the connections that have the name, where all that a look shows are
// proven not to have the request_id; else none. Lists may show what was deleted, and hide
// what has the name now, so only those count that a GET shows too.
func (n *creation) anothers(ctx context.Context, l look) []*connsvcv1.EnhancedConnection {
	for _, conn := range l.named {
		if !n.mustShow(n.named[conn.GetId()], l.listed) {
			return nil
		}
	}
	var holders []*connsvcv1.EnhancedConnection
	for _, conn := range l.named {
		switch _, err := n.get(ctx, conn.GetId()); reasonOf(err) {
		case apierror.NoReason:
			holders = append(holders, conn)
			delete(n.gone, conn.GetId())
		case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND:
			n.gone[conn.GetId()] = true
		default:
			return nil
		}
	}
	return holders
}
