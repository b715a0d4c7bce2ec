package upstream

import (
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// shedRetryAfter is when a call makes sense again that was refused for the limit:
	// the limit is looked at once a second.
	shedRetryAfter = time.Second
	// floorPart is the part of the largest limit that the limit does not fall below: a
	// twentieth, but no less than leastLimit. Below that the limit would follow the
	// chance of single calls, and leave a DLI idle that takes few at a time.
	floorPart  = 20
	leastLimit = 10
)

// A limit bounds the calls in flight to one upstream. It starts at its largest,
// falls while DLI's answers take longer than they used to, and rises again. A call
// beyond it is refused at once: none waits. The zero limit bounds nothing.
type limit struct {
	policy adaptivelimiter.AdaptiveLimiter[any] // nil: there is none
}

func newLimit(cfg *configv1.Protection) *limit {
	if cfg.GetMaxConcurrency() <= 0 {
		return &limit{}
	}
	largest := uint(cfg.GetMaxConcurrency())
	return &limit{policy: adaptivelimiter.NewBuilder[any]().
		WithLimits(min(max(largest/floorPart, leastLimit), largest), largest, largest).
		// By default the limit follows the calls in flight down as well, to five times
		// as many. Calls to DLI come in bursts: an idle hour must not refuse the next one.
		WithMaxLimitFunc(func(int) float64 { return float64(largest) }).
		Build()}
}

// A permit is a place under the limit. The zero permit is none.
type permit struct{ policy adaptivelimiter.Permit }

// enter takes a place, or returns that there is none.
func (l *limit) enter() (permit, *Error) {
	if l.policy == nil {
		return permit{}, nil
	}
	p, ok := l.policy.TryAcquirePermit()
	if !ok {
		return permit{}, &Error{Kind: Shed, RetryAfter: shedRetryAfter}
	}
	return permit{p}, nil
}

// leave gives the place back. Only what shows how long DLI takes counts: a failure
// that comes at once would speak for a fast DLI.
func (p permit) leave(v verdict) {
	switch {
	case p.policy == nil:
	case v == alive, v == slow:
		p.policy.Record()
	default:
		p.policy.Drop()
	}
}

// now returns the limit; 0 for none.
func (l *limit) now() int64 {
	if l.policy == nil {
		return 0
	}
	return int64(l.policy.Limit())
}
