package service

import (
	"context"
	"sync"
	"time"
)

// A lease is the context of what several calls wait for. It has the values of the
// first, and the latest of their deadlines; it ends when it is ended, by the last
// that waits.
type lease struct {
	context.Context // never done: the values only
	done            chan struct{}

	mu       sync.Mutex
	deadline time.Time // zero: none
	err      error
	after    map[*func()]struct{} // called when the lease ends
}

func newLease(ctx context.Context) *lease {
	l := &lease{Context: context.WithoutCancel(ctx), done: make(chan struct{})}
	l.deadline, _ = ctx.Deadline()
	return l
}

// extend puts the deadline off to that of ctx, if that is later.
func (l *lease) extend(ctx context.Context) {
	at, ok := ctx.Deadline()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.deadline.IsZero() && (!ok || at.After(l.deadline)) {
		l.deadline = at
	}
}

// end ends the context with an error; only the first end counts.
func (l *lease) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return
	}
	l.err = err
	close(l.done)
	for f := range l.after {
		go (*f)()
	}
	l.after = nil
}

// Deadline returns the latest deadline so far.
func (l *lease) Deadline() (time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.deadline, !l.deadline.IsZero()
}

// Done is closed when the lease ends.
func (l *lease) Done() <-chan struct{} { return l.done }

// Err returns why the lease ended.
func (l *lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// AfterFunc calls f when the lease ends, unless it is stopped before. Package context
// uses it for the contexts that are derived, where it else starts a goroutine for each.
func (l *lease) AfterFunc(f func()) (stop func() bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		go f()
		return func() bool { return false }
	}
	if l.after == nil {
		l.after = make(map[*func()]struct{}, 1)
	}
	key := &f
	l.after[key] = struct{}{}
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, waits := l.after[key]
		delete(l.after, key)
		return waits
	}
}
