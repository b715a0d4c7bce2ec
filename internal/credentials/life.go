package credentials

import (
	"context"
	"sync"
)

// A life is that of a Provider: what it runs in the background ends with it.
type life struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

func newLife() *life {
	l := &life{}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// run starts f, which is given a context that ends with the life. It returns false
// if that has ended.
func (l *life) run(f func(context.Context)) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	l.running.Go(func() { f(l.ctx) })
	return true
}

// end ends the life and waits for what runs.
func (l *life) end() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.cancel()
	l.running.Wait()
}
