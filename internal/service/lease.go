package service

import (
	"context"
	"sync"
	"time"
)

// A lease is the context of what several calls wait for: it has the values of the
// first, and ends when the last of their deadlines passes, or when it is ended.
type lease struct {
	context.Context // never done: the values only
	done            chan struct{}

	mu       sync.Mutex
	deadline time.Time // zero: none
	timer    *time.Timer
	err      error
}

func newLease(ctx context.Context) *lease {
	l := &lease{Context: context.WithoutCancel(ctx), done: make(chan struct{})}
	if at, ok := ctx.Deadline(); ok {
		l.deadline = at
		l.timer = time.AfterFunc(time.Until(at), l.expire)
	}
	return l
}

// extend puts the end off to the deadline of ctx, if that is later.
func (l *lease) extend(ctx context.Context) {
	at, ok := ctx.Deadline()
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.deadline.IsZero() || ok && !at.After(l.deadline):
	case !ok:
		l.deadline = time.Time{}
		l.timer.Stop()
	default:
		l.deadline = at
		l.timer.Reset(time.Until(at))
	}
}

// expire is called when a deadline passes, which may have been put off meanwhile.
func (l *lease) expire() {
	l.mu.Lock()
	passed := !l.deadline.IsZero() && !time.Now().Before(l.deadline)
	l.mu.Unlock()
	if passed {
		l.end(context.DeadlineExceeded)
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
	if l.timer != nil {
		l.timer.Stop()
	}
	close(l.done)
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
