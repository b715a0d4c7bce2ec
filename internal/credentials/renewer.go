package credentials

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

// fetchTimeout limits one attempt to get credentials, including the wait for a turn.
const fetchTimeout = 15 * time.Second

// A lease is a credential and the time of its use.
type lease[T any] struct {
	value   T
	renewAt time.Time // when a new one is fetched, while this one is in use
	expires time.Time // when its use ends
}

// newLease returns the lease of a value that is valid for a lifetime from asked on. It
// is renewed after 70 to 80 percent of that, at random, so that projects and replicas
// do not ask at once. It ends early enough for a call to complete.
func newLease[T any](value T, asked time.Time, lifetime time.Duration) *lease[T] {
	early := min(lifetime/20, time.Minute)
	ahead := lifetime*7/10 + rand.N(lifetime/10+1) //nolint:gosec // no secret depends on it
	return &lease[T]{value: value, renewAt: asked.Add(ahead), expires: asked.Add(lifetime - early)}
}

// A renewer renews one credential. At most one attempt is in flight, and all callers
// wait for it, each as long as its own context allows. The attempt does not end with
// the caller that started it.
type renewer[T any] struct {
	source  string
	project string
	options Options
	life    *life
	// admit returns an Error while no request is allowed.
	admit func(known bool) *Error
	// fetch gets a new lease; known says whether there was one before.
	fetch func(ctx context.Context, known bool) (*lease[T], *Error)

	mu       sync.Mutex
	held     *lease[T] // the last one, even if expired; nil before the first
	flight   *flight[T]
	failed   *Error  // of the last attempt
	failures backoff // of attempts
	refusals backoff // by DLI, of renewed credentials
}

// A flight is an attempt in flight. done is closed when the other fields are set.
type flight[T any] struct {
	done  chan struct{}
	lease *lease[T]
	err   *Error
}

// get returns the credential, and starts its renewal before it expires.
func (r *renewer[T]) get(ctx context.Context) (T, error) {
	r.mu.Lock()
	now := r.options.Now()
	if held := r.held; held != nil && now.Before(held.expires) {
		if !now.Before(held.renewAt) {
			_, _ = r.start(now) // the current one is still valid
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

// refresh replaces a credential that DLI rejected, and reports whether there is
// another one now. If DLI soon rejects that one too, it is not replaced at once, as
// the token is not the reason then.
func (r *renewer[T]) refresh(ctx context.Context, same func(T) bool) bool {
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

// start returns the attempt in flight, starting one if needed, or an Error while none
// is allowed. r.mu is held.
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
		r.complete(f)
	})
	if !started {
		return nil, &Error{Kind: Closed, Source: r.source}
	}
	r.flight = f
	return f, nil
}

func (r *renewer[T]) report(f *flight[T], began time.Time) {
	renewal := Renewal{Source: r.source, Project: r.project, Duration: r.options.Now().Sub(began)}
	if f.err != nil {
		renewal.Err = f.err.after(f.err.RetryAfter)
	} else {
		renewal.Expires = f.lease.expires
	}
	r.options.Observe(renewal)
}

// complete records the result of an attempt and wakes its callers.
func (r *renewer[T]) complete(f *flight[T]) {
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

// pauses returns the first and the longest pause after a failure.
func pauses(k Kind) (base, limit time.Duration) {
	switch k {
	case Rejected:
		return 0, 0 // the gate pauses, for all projects
	case Denied, Malformed:
		return 30 * time.Second, 2 * time.Minute
	default:
		return time.Second, time.Minute
	}
}

// wait waits for an attempt to complete.
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
