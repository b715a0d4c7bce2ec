package poll

import (
	"cmp"
	"maps"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	// maxOrigins is the most callers on whose behalf a round is tried.
	maxOrigins = 3
	// rejectedFor is how long a caller whose calls were rejected comes after others.
	rejectedFor = time.Minute
)

// choose returns the origins of a poller's callers on whose behalf a round is tried, best
// first, and whether there are others. The calls of a round take their turn as those of one
// caller: of one whose calls were not rejected lately, then of the one who waits and watches
// least, so that a caller with many does not slow the others down. all.mu must be held.
func (p *poller) choose() (origins []string, others bool) {
	maps.DeleteFunc(p.rejected, func(_ string, at time.Time) bool { return time.Since(at) > rejectedFor })
	known := make(map[string]bool)
	for s := range p.subs {
		known[s.interest.Caller.Origin] = true
	}
	origins = slices.SortedFunc(maps.Keys(known), func(a, b string) int {
		return cmp.Or(p.rejected[a].Compare(p.rejected[b]), cmp.Compare(p.all.load[a], p.all.load[b]), cmp.Compare(a, b))
	})
	return origins[:min(len(origins), maxOrigins)], len(origins) > maxOrigins
}

// asNext makes the further calls of the round those of the next origin. It returns false if
// there is none.
func (r *round) asNext() bool {
	if len(r.origins) == 0 {
		return false
	}
	if r.record != nil {
		r.rejected = append(r.rejected, r.record.Origin)
		r.record.End()
	}
	r.record = &call.Call{CallerToken: r.poller.key.token, Holders: r.holders, Origin: r.origins[0]}
	r.origins = r.origins[1:]
	return true
}

// rejected reports whether a call was rejected before it was sent, which another caller's may
// not be: each has a turn and a circuit breaker of his own. A DLI that cannot be reached is so
// for all.
func rejected(err error) bool {
	switch apierror.ReasonOf(err) {
	case connsvcv1.ErrorReason_OVERLOADED:
		return !apierror.Sent(err)
	case connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE:
		u, ok := apierror.Find[upstream.Error](err)
		return ok && u.Kind == upstream.BreakerOpen
	default:
		return false
	}
}

// recordOrigins records whose calls were rejected. all.mu must be held.
func (p *poller) recordOrigins(r *round, err error) {
	for _, origin := range r.rejected {
		p.rejected[origin] = r.at
	}
	if rejected(err) {
		p.rejected[r.record.Origin] = r.at
	} else {
		delete(p.rejected, r.record.Origin)
	}
}
