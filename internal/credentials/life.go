package credentials

import (
	"context"
	"sync"
	"time"
)

// A life is the lifetime of a Provider, of its goroutines and of the callers who wait.
type life struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup
	waiting chan struct{} // has an element for each caller who waits; nil: no limit

	mu     sync.Mutex
	closed bool
}

func newLife(maxWaiting int) *life {
	l := &life{}
	if maxWaiting > 0 {
		l.waiting = make(chan struct{}, maxWaiting)
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// run starts f with a context that ends with the life. It returns false if the life
// has ended.
func (l *life) run(f func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.running.Go(func() { f(l.ctx) })
	return true
}

// end ends the life and waits for its goroutines.
func (l *life) end() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.running.Wait()
}

// enter counts a caller who waits, until leave. It returns false if too many do.
func (l *life) enter() bool {
	if l.waiting == nil {
		return true
	}
	select {
	case l.waiting <- struct{}{}:
		return true
	default:
		return false
	}
}

func (l *life) leave() {
	if l.waiting != nil {
		<-l.waiting
	}
}

// A flight is one attempt that many callers wait for. None waits after its patience has
// passed, so an attempt that hangs delays only those who came first.
type flight[T any] struct {
	done  chan struct{} // closed when value and err are set
	late  chan struct{} // closed when the patience has passed
	timer *time.Timer   // closes late
	value T
	err   *Error
}

func newFlight[T any](patience time.Duration) *flight[T] {
	f := &flight[T]{done: make(chan struct{}), late: make(chan struct{})}
	f.timer = time.AfterFunc(patience, func() { close(f.late) })
	return f
}

// end ends the flight and wakes its callers.
func (f *flight[T]) end(value T, err *Error) {
	f.timer.Stop()
	f.value, f.err = value, err
	close(f.done)
}

// pending reports whether wait would wait.
func (f *flight[T]) pending() bool {
	select {
	case <-f.done:
		return false
	case <-f.late:
		return false
	default:
		return true
	}
}

// wait waits for the end of the flight, and reports whether it came in time.
func (f *flight[T]) wait(ctx context.Context) bool {
	select {
	case <-f.done:
	case <-f.late:
	case <-ctx.Done():
	}
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
