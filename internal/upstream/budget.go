package upstream

import (
	"sync"
	"time"
)

const (
	// reserve is how many repeats an upstream has at first, in hundredths, and at most
	// after a pause: a first call may fail, too.
	reserve = 10 * 100
	// savings is the most repeats that calls can save up, in hundredths.
	savings = 100 * 100
	// trickle is the pause between two calls that is worth a repeat, so that who calls
	// once a minute can have one.
	trickle = 5 * time.Second
)

// A budget bounds the repeats of one upstream by a percentage of the calls of
// late, so that repeating makes no storm of an upstream's trouble. Calls that share
// an answer pay in, too: what is bounded is DLI's load over the callers'.
//
// It is not failsafe-go's budget, which bounds the part that repeats have of what
// is in flight: with few calls in flight that is any number of repeats, one after
// another, and a package from outside cannot use it but through its executor.
type budget struct {
	percent int64

	mu    sync.Mutex
	saved int64 // in hundredths of a repeat
	last  time.Time
}

func newBudget(percent int32) *budget {
	b := &budget{percent: int64(percent), last: time.Now()}
	if percent > 0 {
		b.saved = reserve
	}
	return b
}

// earn pays in for a call.
func (b *budget) earn() {
	if b.percent == 0 {
		return
	}
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if pauses := int64(now.Sub(b.last) / trickle); pauses > 0 {
		b.saved = max(b.saved, min(b.saved+100*pauses, reserve))
	}
	b.last = now
	b.saved = min(b.saved+b.percent, savings)
}

// spend takes a repeat, if there is one.
func (b *budget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.saved < 100 {
		return false
	}
	b.saved -= 100
	return true
}

// refund gives a repeat back that was not made.
func (b *budget) refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = min(b.saved+100, savings)
}
