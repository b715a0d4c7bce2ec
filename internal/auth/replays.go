package auth

import (
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/signing"
)

// maxReplays limits the signatures that are remembered, of each of two generations. Only
// valid ones are, so that no stranger can push one out.
const maxReplays = 50_000

// replays remembers the signatures of changes as long as they are valid: whoever sees a
// signed request could send it again.
type replays struct {
	mu                sync.Mutex
	current, previous map[string]struct{}
	since             time.Time // when current began
	limit             int       // of each
}

// first reports whether a signature is seen for the first time.
func (r *replays) first(signature string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	// A signature is valid from MaxSkew before its date until MaxSkew after it.
	if r.current == nil || now.Sub(r.since) > 2*signing.MaxSkew || len(r.current) >= r.limit {
		r.previous, r.current, r.since = r.current, make(map[string]struct{}), now
	}
	_, inCurrent := r.current[signature]
	_, inPrevious := r.previous[signature]
	if inCurrent || inPrevious {
		return false
	}
	r.current[signature] = struct{}{}
	return true
}
