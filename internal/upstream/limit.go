package upstream

import (
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
)

// A limit limits the calls in flight to one upstream. It starts at its largest, falls
// while DLI responds more slowly than before, and rises again. Calls beyond it are shed
// at once: none waits. The zero limit permits everything.
type limit struct {
	policy adaptivelimiter.AdaptiveLimiter[any] // nil: no limit
}

func newLimit(cfg *configv1.Protection) *limit {
	if cfg.GetMaxConcurrency() <= 0 {
		return &limit{}
	}
	largest := uint(cfg.GetMaxConcurrency())
	return &limit{policy: adaptivelimiter.NewBuilder[any]().
		WithLimits(min(max(largest/minLimitDivisor, minLimit), largest), largest, largest).
		// By default the limit is at most 5x the calls in flight, so it falls when idle.
		// Calls to DLI come in bursts: one after an idle hour must pass.
		WithMaxLimitFunc(func(int) float64 { return float64(largest) }).
		Build()}
}

// A limitPermit allows one attempt. The zero value is valid.
type limitPermit struct{ policy adaptivelimiter.Permit }

// acquire returns a permit, which must be released, or why there is none.
func (l *limit) acquire() (limitPermit, *Error) {
	if l.policy == nil {
		return limitPermit{}, nil
	}
	p, ok := l.policy.TryAcquirePermit()
	if !ok {
		return limitPermit{}, &Error{Kind: Shed, RetryAfter: shedRetryAfter}
	}
	return limitPermit{p}, nil
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
