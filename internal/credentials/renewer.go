package credentials

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// fetchTimeout limits one request to IAM or the metadata service.
	fetchTimeout = 2400 * time.Millisecond
	// patience is how long after its start callers wait for an attempt.
	patience = 2500 * time.Millisecond
	// slowMemory is how long callers do not wait for further attempts after a slow failure.
	slowMemory = time.Minute
	// minLifetime is the shortest use of a credential: IAM must not be asked more often
	// for one that it issues for less.
	minLifetime = time.Second
)

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
	lifetime = max(lifetime, minLifetime)
	early := min(lifetime/20, time.Minute)
	ahead := lifetime*7/10 + rand.N(lifetime/10+1) //nolint:gosec // no secret depends on it
	return &lease[T]{value: value, renewAt: asked.Add(ahead), expires: asked.Add(lifetime - early)}
}

// An origin issues credentials.
type origin[T any] interface {
	// version returns the version of the secret that requests are made with.
	version(ctx context.Context) int
	// admit returns how long a request must wait for its turn, or why it must not be made.
	admit(q request) (time.Duration, *Error)
	// fetch makes a request that was admitted.
	fetch(ctx context.Context, q request) (*lease[T], *Error)
}

// A renewer renews one credential. At most one attempt is in flight, and all callers
// wait for it, each as long as its own context allows. The attempt does not end with
// the caller that started it.
type renewer[T any] struct {
	source  string
	project string
	options Options
	life    *life
	origin  origin[T]

	mu       sync.Mutex
	held     *lease[T] // the last one, even if expired; nil before the first
	flight   *flight[*lease[T]]
	failed   *Error  // of the last attempt
	tried    int     // the version of the secret in the last attempt
	slow     bool    // the last attempt failed after a long time
	failures backoff // of attempts
	refusals backoff // by DLI, of renewed credentials
}

// get returns the credential, and starts its renewal before it expires.
func (r *renewer[T]) get(ctx context.Context, caller string) (T, error) {
	version := r.origin.version(ctx)
	r.mu.Lock()
	now, held := r.options.Now(), r.held
	valid := held != nil && now.Before(held.expires)
	var f *flight[*lease[T]]
	var err *Error
	if !valid || !now.Before(held.renewAt) {
		f, err = r.start(now, version, caller)
	}
	r.mu.Unlock()
	if valid {
		return held.value, nil
	}
	if err == nil {
		err = r.wait(ctx, f, caller)
	}
	if err != nil {
		var none T
		return none, err
	}
	return f.value.value, nil
}

// refresh replaces a credential that DLI rejected, and reports whether there is
// another one now. If DLI soon rejects that one too, it is not replaced at once, as
// the token is not the reason then.
func (r *renewer[T]) refresh(ctx context.Context, same func(T) bool) bool {
	version := r.origin.version(ctx)
	r.mu.Lock()
	now := r.options.Now()
	if r.held == nil || !same(r.held.value) {
		r.mu.Unlock()
		return true
	}
	alone := r.flight == nil
	if alone && r.refusals.pause(now) > 0 {
		r.mu.Unlock()
		return false
	}
	f, err := r.start(now, version, "")
	if alone && err == nil {
		r.refusals.fail(now, time.Second, 10*time.Minute, 0)
	}
	r.mu.Unlock()
	return err == nil && r.wait(ctx, f, "") == nil && !same(f.value.value)
}

// start returns the attempt in flight, starting one if needed, or an Error while none
// is allowed. r.mu is held.
func (r *renewer[T]) start(now time.Time, version int, caller string) (*flight[*lease[T]], *Error) {
	if r.flight != nil {
		return r.flight, nil
	}
	if pause := r.failures.pause(now); pause > 0 && r.tried == version {
		return nil, r.failed.after(pause)
	}
	q := request{r.project, caller, version, r.held != nil}
	turn, err := r.origin.admit(q)
	if err != nil {
		return nil, err
	}
	wait := patience
	if r.slow && now.Sub(r.failures.until) < slowMemory {
		wait = 0
	}
	f := newFlight[*lease[T]](wait)
	if !r.life.run(func(ctx context.Context) { r.attempt(ctx, f, q, turn) }) {
		return nil, &Error{Kind: Closed, Source: r.source}
	}
	r.flight, r.tried = f, version
	return f, nil
}

// attempt gets a lease when its turn has come, reports the result and wakes the callers.
func (r *renewer[T]) attempt(ctx context.Context, f *flight[*lease[T]], q request, turn time.Duration) {
	select {
	case <-time.After(turn):
	case <-ctx.Done():
	}
	began := time.Now()
	got, err := r.origin.fetch(ctx, q)
	took := time.Since(began)
	if err != nil && ctx.Err() != nil {
		err = &Error{Kind: Closed, Source: r.source}
	} else {
		r.report(got, err, took)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.flight = nil
	if err == nil {
		r.held, r.failures, r.slow = got, backoff{}, false
	} else if base, limit := pauses(err.Kind); base > 0 {
		now, asked := r.options.Now(), err.RetryAfter
		if err.secretIsWrong {
			asked = 0 // the pause is that of all projects
		}
		r.failures.fail(now, base, limit, asked)
		r.failed, r.slow = err, took >= fetchTimeout
		err = err.after(max(err.RetryAfter, r.failures.pause(now)))
	}
	f.end(got, err)
}

func (r *renewer[T]) report(got *lease[T], err *Error, took time.Duration) {
	renewal := Renewal{Source: r.source, Project: r.project, Duration: took}
	if err != nil {
		renewal.Err = err.after(err.RetryAfter)
	} else {
		renewal.Expires = got.expires
	}
	r.options.Observe(renewal)
}

// pauses returns the first and the longest pause after a failure: short, as a role that
// is granted must help soon.
func pauses(k Kind) (base, limit time.Duration) {
	switch k {
	case Rejected, Denied, Malformed:
		return 5 * time.Second, 2 * time.Minute
	case Closed:
		return 0, 0
	default:
		return time.Second, time.Minute
	}
}

// wait waits for an attempt to end, unless too many calls wait, or too many of the caller.
func (r *renewer[T]) wait(ctx context.Context, f *flight[*lease[T]], caller string) *Error {
	if f.pending() {
		if !r.life.enter(caller) {
			return &Error{Kind: Busy, Source: r.source, RetryAfter: time.Second, Err: errManyCallers}
		}
		defer r.life.leave(caller)
	}
	switch {
	case f.wait(ctx):
	case ctx.Err() != nil:
		return waited(ctx, r.source)
	default:
		return &Error{Kind: Unavailable, Source: r.source, RetryAfter: time.Second, Err: errSlow}
	}
	if f.err != nil {
		return f.err.after(f.err.RetryAfter)
	}
	return nil
}
