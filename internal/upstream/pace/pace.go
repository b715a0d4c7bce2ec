// Package pace lets calls go at a rate. Those beyond it wait: those of one caller in the order
// of coming, and callers by turns, so that a caller with many calls delays another's by one.
package pace

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A Pace is safe for concurrent use.
type Pace struct {
	limiter *rate.Limiter

	mu     sync.Mutex
	queues map[string]*queue // of the callers with calls that wait
	turns  []*queue          // the same, in the order of their turns
	timer  *time.Timer       // while somebody waits; nil before the first
}

// A queue is the waiting calls of one caller.
type queue struct {
	caller  string
	waiting []chan struct{} // each is closed when the call may go
}

// New returns a Pace of so many calls a second, and of so many at once.
func New(perSecond rate.Limit, burst int) *Pace {
	return &Pace{limiter: rate.NewLimiter(perSecond, burst), queues: make(map[string]*queue)}
}

// Wait waits until a call of a caller may go, or ctx ends, and reports whether it had to wait.
func (p *Pace) Wait(ctx context.Context, caller string) (waited bool, err error) {
	turn := p.enter(caller)
	if turn == nil {
		return false, nil
	}
	select {
	case <-turn:
		return true, nil
	case <-ctx.Done():
		if p.leave(caller, turn) {
			return true, ctx.Err()
		}
		return true, nil
	}
}

// enter returns nil if a call may go at once, else what is closed when it may.
func (p *Pace) enter(caller string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.turns) == 0 && p.limiter.Allow() {
		return nil
	}
	q := p.queues[caller]
	if q == nil {
		q = &queue{caller: caller}
		p.queues[caller] = q
		p.turns = append(p.turns, q)
	}
	turn := make(chan struct{})
	q.waiting = append(q.waiting, turn)
	if len(p.turns) == 1 && len(q.waiting) == 1 {
		p.grant()
	}
	return turn
}

// grant lets calls go by turns until the next one must wait, and comes back then. p.mu is held.
func (p *Pace) grant() {
	for len(p.turns) > 0 {
		now := time.Now()
		next := p.limiter.ReserveN(now, 1)
		if pause := next.DelayFrom(now); pause > 0 {
			next.CancelAt(now)
			p.comeBack(pause)
			return
		}
		q := p.turns[0]
		p.turns = p.turns[1:]
		close(q.waiting[0])
		if q.waiting = q.waiting[1:]; len(q.waiting) > 0 {
			p.turns = append(p.turns, q)
		} else {
			delete(p.queues, q.caller)
		}
	}
}

// comeBack calls grant after a pause. p.mu is held.
func (p *Pace) comeBack(pause time.Duration) {
	if p.timer != nil {
		p.timer.Reset(pause)
		return
	}
	p.timer = time.AfterFunc(pause, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.grant()
	})
}

// leave takes a call out of its queue. It returns false if the call may go already.
func (p *Pace) leave(caller string, turn chan struct{}) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	q := p.queues[caller]
	if q == nil {
		return false
	}
	i := slices.Index(q.waiting, turn)
	if i < 0 {
		return false
	}
	if q.waiting = slices.Delete(q.waiting, i, i+1); len(q.waiting) > 0 {
		return true
	}
	delete(p.queues, caller)
	p.turns = slices.DeleteFunc(p.turns, func(other *queue) bool { return other == q })
	if len(p.turns) == 0 {
		p.timer.Stop()
	}
	return true
}
