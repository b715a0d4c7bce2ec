package credentials

import (
	"context"
	"sync"
	"time"
)

// A life is the lifetime of a Provider, of its goroutines and of the callers who wait.
type life struct {
	ctx        context.Context
	cancel     context.CancelFunc
	running    sync.WaitGroup
	maxWaiting int // calls of one caller that wait; 0: any number

	mu      sync.Mutex
	closed  bool
	waiting int
	callers map[string]int // those of waiting of each caller
}

func newLife(maxWaiting int) *life {
	l := &life{maxWaiting: maxWaiting, callers: make(map[string]int)}
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

// enter counts a call that waits, until leave. It returns false if too many of its caller do,
// or a third more of all together.
func (l *life) enter(caller string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if most := l.maxWaiting; most > 0 && (l.callers[caller] >= most || l.waiting >= most+max(most/3, 1)) {
		return false
	}
	l.waiting++
	l.callers[caller]++
	return true
}

func (l *life) leave(caller string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting--
	if l.callers[caller]--; l.callers[caller] == 0 {
		delete(l.callers, caller)
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
