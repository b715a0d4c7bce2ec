package upstream

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A breaker rejects calls to an upstream that is down, and lets one through now and then
// to probe whether it is back. The zero breaker rejects none.
//
// failsafe-go's breaker counts and keeps the time. This type adds two things. A result
// counts only in the state in which its call began: failsafe-go would count that of an
// older call as the probe's. And a probe that ends without a verdict is returned.
type breaker struct {
	policy circuitbreaker.CircuitBreaker[any] // nil: there is none
	delay  time.Duration

	mu     sync.Mutex // held whenever policy is used
	period int        // counts the changes of state
}

// A breakerPermit allows one attempt.
type breakerPermit struct {
	period int
	probe  bool // the attempt probes whether the upstream is back
}

func newBreaker(cfg *configv1.Protection) *breaker {
	failures := cfg.GetBreakerFailures()
	if failures <= 0 {
		return &breaker{}
	}
	b := &breaker{delay: cfg.GetBreakerDelay().AsDuration()}
	b.policy = circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(failures)).
		WithSuccessThreshold(1).
		WithDelay(b.delay).
		OnStateChanged(func(circuitbreaker.StateChangedEvent) { b.period++ }).
		Build()
	return b
}

// openError returns why every call is rejected now, or nil.
func (b *breaker) openError() *Error {
	if b.policy == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if remaining := b.policy.RemainingDelay(); remaining > 0 {
		return &Error{Kind: BreakerOpen, RetryAfter: remaining}
	}
	return nil
}

// acquire returns a permit, which must be released, or why there is none.
func (b *breaker) acquire() (breakerPermit, *Error) {
	if b.policy == nil {
		return breakerPermit{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.policy.TryAcquirePermit() {
		return breakerPermit{b.period, b.policy.State() == circuitbreaker.HalfOpenState}, nil
	}
	if remaining := b.policy.RemainingDelay(); remaining > 0 {
		return breakerPermit{}, &Error{Kind: BreakerOpen, RetryAfter: remaining}
	}
	// A probe is in flight; if it fails, the delay begins anew.
	return breakerPermit{}, &Error{Kind: BreakerOpen, RetryAfter: b.delay}
}

// release records how an attempt ended.
func (b *breaker) release(p breakerPermit, v verdict) {
	if b.policy == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case p.period != b.period:
		// The verdict is about an earlier state.
	case v == alive:
		b.policy.RecordSuccess()
	case v == down, v == slow:
		b.policy.RecordFailure()
	case p.probe:
		// The next call probes, at once.
		b.policy.Open()
		b.policy.HalfOpen()
	}
}

// The states of a breaker, as its metric gives them.
const (
	breakerClosed   = 0
	breakerHalfOpen = 1
	breakerOpen     = 2
)

func (b *breaker) state() int64 {
	if b.policy == nil {
		return breakerClosed
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch b.policy.State() {
	case circuitbreaker.OpenState:
		return breakerOpen
	case circuitbreaker.HalfOpenState:
		return breakerHalfOpen
	default:
		return breakerClosed
	}
}
