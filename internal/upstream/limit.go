package upstream

import (
	"context"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// shedRetryAfter is what a shed call is asked to wait: the limit changes once a second.
	shedRetryAfter = time.Second
	// The limit does not fall below a twentieth of the largest, nor below minLimit: there
	// it would follow the durations of single calls, and leave DLI idle.
	minLimitDivisor = 20
	minLimit        = 10
	// burstTime is how long the limit may be reached before that is an overload, and how
	// long a call of a burst waits for a place.
	burstTime = time.Second
)

// A limit limits the calls in flight to one upstream. It starts at its largest, falls
// while DLI responds more slowly than before, and rises again. Calls beyond it wait for a
// short time, in the order of coming, as callers come in bursts. If the limit stays
// reached it is an overload: calls are shed at once, until no call has found the limit
// reached for burstTime. The zero limit permits everything.
type limit struct {
	policy     adaptivelimiter.AdaptiveLimiter[any] // nil: no limit
	maxWaiting int                                  // calls that wait; 0: any number

	mu              sync.Mutex
	reached, latest time.Time // when a call found the limit reached, first and last in a row
}

func newLimit(cfg *configv1.Protection, maxWaiting int) *limit {
	if cfg.GetMaxConcurrency() <= 0 {
		return &limit{}
	}
	largest := uint(cfg.GetMaxConcurrency())
	return &limit{maxWaiting: maxWaiting, policy: adaptivelimiter.NewBuilder[any]().
		WithLimits(min(max(largest/minLimitDivisor, minLimit), largest), largest, largest).
		// By default the limit is at most 5x the calls in flight, so it falls when idle.
		// Calls to DLI come in bursts: one after an idle hour must pass.
		WithMaxLimitFunc(func(int) float64 { return float64(largest) }).
		Build()}
}

// A limitPermit allows one attempt. The zero value is valid.
type limitPermit struct{ policy adaptivelimiter.Permit }

// acquire returns a permit, which must be released, or why there is none. In a burst it
// waits, as long as ctx allows.
func (l *limit) acquire(ctx context.Context) (limitPermit, *Error) {
	if l.policy == nil {
		return limitPermit{}, nil
	}
	if p, ok := l.policy.TryAcquirePermit(); ok {
		return limitPermit{p}, nil
	}
	if l.mayWait(time.Now()) {
		p, err := l.policy.AcquirePermitWithMaxWait(ctx, burstTime)
		switch {
		case err == nil:
			return limitPermit{p}, nil
		case ctx.Err() != nil:
			return limitPermit{}, transportError(ctx, ctx.Err(), false)
		}
	}
	return limitPermit{}, &Error{Kind: Shed, RetryAfter: shedRetryAfter}
}

// mayWait records that a call found the limit reached, and reports whether it is one of a
// burst.
func (l *limit) mayWait(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.latest) > burstTime {
		l.reached = now
	}
	l.latest = now
	return now.Sub(l.reached) < burstTime && (l.maxWaiting == 0 || l.policy.Queued() < l.maxWaiting)
}

// release records how an attempt ended. Only durations of DLI count: an immediate failure
// would make DLI look fast.
func (p limitPermit) release(v verdict) {
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
