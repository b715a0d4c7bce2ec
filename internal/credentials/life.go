package credentials

import (
	"context"
	"sync"
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
