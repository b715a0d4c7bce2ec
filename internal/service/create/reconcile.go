package create

import (
	"context"
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
	own, rivalsShown := n.search(ctx, look{}, func(context.Context, look) bool { return false })
	if own == nil {
		return nil, n.unknown(ctx, unknown)
	}
	if n.tag == nil {
		n.warn("the response of DLI was lost: the connection was found by its name and content, and another caller may have made it")
	}
	return n.existing(ctx, own, rivalsShown, adopted)
}

// ours are the connections that the request has made, the oldest first: those with its
// request_id; or else, if the response to the POST was lost, the single one that is as
// requested and was made during the POST.
func (n *creation) ours() []*connsvcv1.EnhancedConnection {
	switch {
	case n.tag != nil:
		return n.seen.byAge(func(s sighting) bool { return s.tagged })
	case !n.lost:
		return nil
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
	ours := n.seen.byAge(func(s sighting) bool {
		made := created(s.conn)
		return !made.Before(since) && !made.After(until) && len(differences(n.req, s.conn)) == 0
	})
	if len(ours) != 1 {
		return nil
	}
	return ours
}

// nameTaken decides the outcome of a POST that DLI rejected for its name. Without a
// request_id the rejection is proof; with one, an earlier call may have made the
// connection that has the name.
func (n *creation) nameTaken(ctx context.Context, taken error) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	own, decided := n.search(ctx, look{}, func(ctx context.Context, l look) bool {
		if n.req.GetRequestId() == "" {
			return len(l.named) > 0 || l.listed.Sub(n.postEnded) >= n.listLag
		}
		return n.isAnothers(ctx, l)
	})
	n.recordUniqueNames(ctx, taken)
	switch {
	case own != nil:
		return n.existing(ctx, own, decided, replayed)
	case decided || n.req.GetRequestId() == "":
		holders := n.seen.byAge(func(s sighting) bool { return s.got != nil || n.req.GetRequestId() == "" })
		return nil, n.takenBy(ctx, holders, taken)
	default:
		const text = "DLI rejected the name, and whose connection has it is not proven: retry with the same request_id"
		return nil, n.unknown(ctx, apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, text, taken))
	}
}

// isAnothers reports whether what has the name is proven not to be of this request. All
// that a look shows must be another's, and exist: lists may show what was deleted, and hide
// what has the name now.
func (n *creation) isAnothers(ctx context.Context, l look) bool {
	for _, conn := range l.named {
		if !differsForGood(differences(n.req, conn)) && (n.tag == nil || !n.mustShow(conn.GetId(), l.listed)) {
			return false
		}
	}
	proven := false
	for _, conn := range l.named {
		shown, known := n.exists(ctx, conn.GetId())
		if !known {
			return false
		}
		proven = proven || shown != nil
	}
	return proven
}

// recordUniqueNames records that DLI rejects taken names: it has, with the documented code,
// for a connection that is older than the POST and that a GET shows.
func (n *creation) recordUniqueNames(ctx context.Context, taken error) {
	if !isCode(taken, "DLI.0006") || n.dli.UniqueNames() || len(n.seen) != 1 {
		return
	}
	conn := n.seen.byAge(nil)[0]
	if n.age(conn.GetId(), n.postBegan) <= 0 {
		return
	}
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		if shown, _ := n.exists(ctx, conn.GetId()); shown != nil {
			n.dli.RecordUniqueNames(true)
		}
		return true
	})
}
