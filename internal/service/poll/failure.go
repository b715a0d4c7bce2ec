package poll

import (
	"maps"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// firstPause is the pause after a GET that failed for its connection alone, doubled for each
// further one up to longestPause.
const firstPause, longestPause = time.Second, 30 * time.Second

// A failure is why a GET failed. In a round with a list the connection is asked for again
// after a pause.
type failure struct {
	mark  // when it failed
	err   error
	pause time.Duration
}

// ofRound reports whether an error of a GET is that of the round as a whole: nothing was sent,
// or DLI rejects whoever calls. Otherwise it says nothing of other connections.
func ofRound(err error) bool {
	switch apierror.ReasonOf(err) {
	case connsvcv1.ErrorReason_UPSTREAM_THROTTLED, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED,
		connsvcv1.ErrorReason_CALLER_CANCELLED, connsvcv1.ErrorReason_OVERLOADED:
		return true
	case connsvcv1.ErrorReason_INTERNAL, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT:
		return false
	default:
		return !apierror.Sent(err)
	}
}

// fail keeps why a GET failed for its connection alone.
func (r *round) fail(id string, err error) {
	pause := min(max(2*r.prev.failed[id].pause, firstPause), longestPause)
	r.failed[id] = failure{mark{r.round, time.Now()}, err, max(pause, min(apierror.From(err).RetryAfter, longestWait))}
}

// failures returns the failures that the next round has to know.
func (r *round) failures() map[string]failure {
	all := maps.Clone(r.failed)
	for id, f := range r.prev.failed {
		_, decided := r.got[id]
		if _, again := all[id]; !again && !decided && r.at.Sub(f.at) < 2*longestWait {
			all[id] = f
		}
	}
	return all
}

// paused reports whether a connection is not asked for yet, because that failed.
func (r *round) paused(id string) bool {
	f := r.prev.failed[id]
	return r.at.Before(f.at.Add(f.pause)) && f.round > r.asks[id].after
}
