package upstream

import (
	"context"
	"slices"
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
	// long a call waits for a place.
	burstTime = time.Second
)

// A limit limits the calls in flight to one upstream. It starts at its largest, falls
// while DLI responds more slowly than before, and rises again. Calls beyond it wait for a
// short time, as callers come in bursts: those of one caller in the order of coming, and
// callers by turns, so that each has as many places as the others. If the limit stays reached it is an overload, until no call has found it
// reached for burstTime: calls are shed at once then, except those of callers who have less
// than an equal share of the limit. The zero limit permits everything.
type limit struct {
	policy     adaptivelimiter.AdaptiveLimiter[any] // nil: no limit
	maxWaiting int                                  // calls that wait; 0: any number

	mu              sync.Mutex
	queues          map[string]*queue // of the callers with calls in flight or waiting
	turns           []*queue          // those with waiting calls
	waiting         int
	reached, latest time.Time // when a call found the limit reached, first and last in a row
}

// A queue is the calls of one caller.
type queue struct {
	caller   string
	inFlight int
	waiting  []chan adaptivelimiter.Permit // each has room for the permit
}

func newLimit(cfg *configv1.Protection, maxWaiting int) *limit {
	if cfg.GetMaxConcurrency() <= 0 {
		return &limit{}
	}
	largest := uint(cfg.GetMaxConcurrency())
	return &limit{maxWaiting: maxWaiting, queues: make(map[string]*queue), policy: adaptivelimiter.NewBuilder[any]().
		WithLimits(min(max(largest/minLimitDivisor, minLimit), largest), largest, largest).
		// By default the limit is at most 5x the calls in flight, so it falls when idle.
		// Calls to DLI come in bursts: one after an idle hour must pass.
		WithMaxLimitFunc(func(int) float64 { return float64(largest) }).
		Build()}
}

// A limitPermit allows one attempt. The zero value is valid.
type limitPermit struct {
	policy adaptivelimiter.Permit
	queue  *queue
}

// acquire returns a permit, which must be released, or why there is none. It may wait, as
// long as ctx allows.
func (l *limit) acquire(ctx context.Context, caller string) (limitPermit, *Error) {
	if l.policy == nil {
		return limitPermit{}, nil
	}
	q, granted, err := l.enter(caller)
	switch {
	case err != nil:
		return limitPermit{}, err
	case len(granted) > 0:
		return limitPermit{<-granted, q}, nil
	}
	timer := time.NewTimer(burstTime)
	defer timer.Stop()
	select {
	case p := <-granted:
		return limitPermit{p, q}, nil
	case <-timer.C:
		err = &Error{Kind: Shed, RetryAfter: shedRetryAfter}
	case <-ctx.Done():
		err = transportError(ctx, ctx.Err(), false)
	}
	if p, ok := l.leave(q, granted); ok {
		if ctx.Err() == nil {
			return limitPermit{p, q}, nil
		}
		l.release(limitPermit{p, q}, inconclusive)
	}
	return limitPermit{}, err
}

// enter lets a call of a caller wait, where it may. granted gets its permit.
func (l *limit) enter(caller string) (q *queue, granted chan adaptivelimiter.Permit, err *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if q = l.queues[caller]; q == nil {
		q = &queue{caller: caller}
		l.queues[caller] = q
	}
	full := l.waiting > 0 || !l.policy.CanAcquirePermit()
	if full && !l.mayWait(q, time.Now()) {
		l.forget(q)
		return nil, nil, &Error{Kind: Shed, RetryAfter: shedRetryAfter}
	}
	granted = make(chan adaptivelimiter.Permit, 1)
	if q.waiting = append(q.waiting, granted); len(q.waiting) == 1 {
		l.turns = append(l.turns, q)
	}
	l.waiting++
	l.grant()
	return q, granted, nil
}

// mayWait records that a call found the limit reached, and reports whether it may wait.
func (l *limit) mayWait(q *queue, now time.Time) bool {
	if now.Sub(l.latest) > burstTime {
		l.reached = now
	}
	l.latest = now
	if l.maxWaiting > 0 && (l.waiting >= l.maxWaiting || len(q.waiting) >= share(l.maxWaiting)) {
		return false
	}
	limit := l.policy.Limit()
	return now.Sub(l.reached) < burstTime ||
		len(l.turns) < limit && q.inFlight+len(q.waiting) < max(limit/len(l.queues), 1)
}

// share returns how many of all that wait may be of one caller.
func share(all int) int { return max(all-all/4, 1) }

// grant gives each free place to a caller who waits and has the fewest calls in flight;
// among equals, by turns. It is called with l.mu held.
func (l *limit) grant() {
	for len(l.turns) > 0 {
		p, ok := l.policy.TryAcquirePermit()
		if !ok {
			return
		}
		next := 0
		for i, q := range l.turns {
			if q.inFlight < l.turns[next].inFlight {
				next = i
			}
		}
		q := l.turns[next]
		l.turns = slices.Delete(l.turns, next, next+1)
		q.waiting[0] <- p
		q.waiting = q.waiting[1:]
		if len(q.waiting) > 0 {
			l.turns = append(l.turns, q)
		}
		q.inFlight++
		l.waiting--
	}
}

// leave takes a call out of its queue. If it has a permit already, it returns that.
func (l *limit) leave(q *queue, granted chan adaptivelimiter.Permit) (adaptivelimiter.Permit, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := slices.Index(q.waiting, granted)
	if i < 0 {
		return <-granted, true
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	l.waiting--
	if len(q.waiting) == 0 {
		l.turns = slices.DeleteFunc(l.turns, func(other *queue) bool { return other == q })
	}
	l.forget(q)
	return nil, false
}

// forget is called with l.mu held.
func (l *limit) forget(q *queue) {
	if q.inFlight+len(q.waiting) == 0 {
		delete(l.queues, q.caller)
	}
}

// release records how an attempt ended. Only durations of DLI count: an immediate failure
// would make DLI look fast.
func (l *limit) release(p limitPermit, v verdict) {
	switch {
	case p.policy == nil:
		return
	case v == alive, v == slow:
		p.policy.Record()
	default:
		p.policy.Drop()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p.queue.inFlight--
	l.forget(p.queue)
	l.grant()
}

// now returns the limit; 0 for none.
func (l *limit) now() int64 {
	if l.policy == nil {
		return 0
	}
	return int64(l.policy.Limit())
}
