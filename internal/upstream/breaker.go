package upstream

import (
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A breaker refuses calls to an upstream that is down, and lets one through now
// and then to see whether it is back. The zero breaker refuses none.
//
// failsafe-go's breaker counts and keeps the time. It takes every result to be of
// its present state, so that a call which began long before would pass for the one
// that tries; and it has no way to give a try back that told nothing. Both are here.
type breaker struct {
	policy circuitbreaker.CircuitBreaker[any] // nil: there is none
	delay  time.Duration

	mu     sync.Mutex // held whenever policy is used
	period int        // counts the changes of state
}

// A ticket is a call's leave to go.
type ticket struct {
	period int
	probe  bool // the call tries whether the upstream is back
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

// refusal returns why every call is refused now, or nil.
func (b *breaker) refusal() *Error {
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

// enter lets a call go, or returns why not. Who is let go must leave.
func (b *breaker) enter() (ticket, *Error) {
	if b.policy == nil {
		return ticket{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.policy.TryAcquirePermit() {
		return ticket{b.period, b.policy.State() == circuitbreaker.HalfOpenState}, nil
	}
	if remaining := b.policy.RemainingDelay(); remaining > 0 {
		return ticket{}, &Error{Kind: BreakerOpen, RetryAfter: remaining}
	}
	// One call is under way to try; if it fails, the delay begins anew.
	return ticket{}, &Error{Kind: BreakerOpen, RetryAfter: b.delay}
}

// leave tells how a call ended.
func (b *breaker) leave(t ticket, v verdict) {
	if b.policy == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case t.period != b.period:
		// The upstream was another then.
	case v == alive:
		b.policy.RecordSuccess()
	case v == down, v == slow:
		b.policy.RecordFailure()
	case t.probe:
		// The next call tries, at once.
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
