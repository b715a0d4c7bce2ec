package credentials

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// fetchTimeout bounds one attempt to get credentials, the wait for a turn included.
const fetchTimeout = 15 * time.Second

// A lease is a credential and the time it serves.
type lease[T any] struct {
	value   T
	renewAt time.Time // from here on a new one is fetched while this one serves
	expires time.Time // from here on it does not serve
}

// newLease makes the lease of what was asked for at a time and is valid for a
// lifetime from then. It is renewed when 70 to 80 percent of that are over, at
// random, so that projects and replicas do not ask all at once. It ends a little
// early: a call takes its time.
func newLease[T any](value T, asked time.Time, lifetime time.Duration) *lease[T] {
	early := min(lifetime/20, time.Minute)
	ahead := lifetime*7/10 + rand.N(lifetime/10+1) //nolint:gosec // no secret depends on it
	return &lease[T]{value: value, renewAt: asked.Add(ahead), expires: asked.Add(lifetime - early)}
}

// A renewer keeps one credential fresh. At any time at most one attempt to get a
// new one is under way, and all who need it wait for that one, each as long as
// its own context allows. The attempt is nobody's: it outlives who started it.
type renewer[T any] struct {
	source  string
	project string
	options Options
	life    *life
	// admit returns why nobody may ask now, or nil.
	admit func(known bool) *Error
	// fetch gets a new lease; known says whether there was one before.
	fetch func(ctx context.Context, known bool) (*lease[T], *Error)

	mu       sync.Mutex
	held     *lease[T] // the last one, even if it is over; nil before the first
	flight   *flight[T]
	failed   *Error  // of the last attempt
	failures backoff // of attempts
	refusals backoff // of what attempts brought, by DLI
}

// A flight is an attempt under way. Its outcome is there when done is closed.
type flight[T any] struct {
	done  chan struct{}
	lease *lease[T]
	err   *Error
}

// get returns the credential, and sees to it that it is renewed ahead of its end.
func (r *renewer[T]) get(ctx context.Context) (T, error) {
	r.mu.Lock()
	now := r.options.Now()
	if held := r.held; held != nil && now.Before(held.expires) {
		if !now.Before(held.renewAt) {
			_, _ = r.start(now) // what is in hand serves
		}
		r.mu.Unlock()
		return held.value, nil
	}
	f, err := r.start(now)
	r.mu.Unlock()
	if err == nil {
		err = r.wait(ctx, f)
	}
	if err != nil {
		var none T
		return none, err
	}
	return f.lease.value, nil
}

// refused tells that DLI refused a credential. It reports whether there is
// another one now, and gets it if need be. What is refused again soon after is
// not replaced at once: then it is no token that is wrong.
func (r *renewer[T]) refused(ctx context.Context, same func(T) bool) bool {
	r.mu.Lock()
	now := r.options.Now()
	if r.held == nil || !same(r.held.value) {
		r.mu.Unlock()
		return true
	}
	if r.flight == nil && r.refusals.pause(now) > 0 {
		r.mu.Unlock()
		return false
	}
	alone := r.flight == nil
	f, err := r.start(now)
	if alone && err == nil {
		r.refusals.fail(now, time.Second, 10*time.Minute, 0)
	}
	r.mu.Unlock()
	return err == nil && r.wait(ctx, f) == nil && !same(f.lease.value)
}

// start returns the attempt under way, a new one if there is none, or why there
// cannot be one now. r.mu is held.
func (r *renewer[T]) start(now time.Time) (*flight[T], *Error) {
	if r.flight != nil {
		return r.flight, nil
	}
	if pause := r.failures.pause(now); pause > 0 {
		return nil, r.failed.after(pause)
	}
	known := r.held != nil
	if err := r.admit(known); err != nil {
		return nil, err
	}
	f := &flight[T]{done: make(chan struct{})}
	started := r.life.run(func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
		defer cancel()
		began := r.options.Now()
		f.lease, f.err = r.fetch(ctx, known)
		if f.err != nil && r.life.ctx.Err() != nil {
			f.err = &Error{Kind: Closed, Source: r.source}
		} else {
			r.report(f, began)
		}
		r.land(f)
	})
	if !started {
		return nil, &Error{Kind: Closed, Source: r.source}
	}
	r.flight = f
	return f, nil
}

func (r *renewer[T]) report(f *flight[T], began time.Time) {
	told := Renewal{Source: r.source, Project: r.project, Duration: r.options.Now().Sub(began)}
	if f.err != nil {
		told.Err = f.err.after(f.err.RetryAfter)
	} else {
		told.Expires = f.lease.expires
	}
	r.options.Observe(told)
}

// land notes the outcome of an attempt and tells who waits for it.
func (r *renewer[T]) land(f *flight[T]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flight = nil
	if f.err == nil {
		r.held = f.lease
		r.failures.reset()
	} else if base, limit := pauses(f.err.Kind); base > 0 {
		now := r.options.Now()
		r.failures.fail(now, base, limit, f.err.RetryAfter)
		r.failed = f.err
		f.err = f.err.after(r.failures.pause(now))
	}
	close(f.done)
}

// pauses returns how long nobody asks again after a failure, at first and at most.
func pauses(k Kind) (base, limit time.Duration) {
	switch k {
	case Refused:
		return 0, 0 // the gate sees to it, for all projects
	case Denied, Malformed:
		return 30 * time.Second, 2 * time.Minute
	default:
		return time.Second, time.Minute
	}
}

// wait waits for the end of an attempt.
func (r *renewer[T]) wait(ctx context.Context, f *flight[T]) *Error {
	select {
	case <-f.done:
	default:
		select {
		case <-f.done:
		case <-ctx.Done():
			return waited(ctx, r.source)
		}
	}
	if f.err != nil {
		return f.err.after(f.err.RetryAfter)
	}
	return nil
}
