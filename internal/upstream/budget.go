package upstream

import (
	"cmp"
	"sync"
	"time"

	"golang.org/x/time/rate"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// The token bucket counts in hundredths of a retry.
const (
	// initialTokens is what the bucket starts with, and what idle time refills it to:
	// the first call may fail, too.
	initialTokens = 10 * 100
	// maxTokens is the most that calls can save up.
	maxTokens = 100 * 100
	// refillInterval is the idle time that adds one retry, so that a caller that calls
	// once a minute can have one.
	refillInterval = 5 * time.Second
)

// A budget limits the retries of one upstream to a percentage of its recent calls, so
// that retries do not multiply the load of an upstream in trouble. Calls that share a
// response deposit, too: the limit is on DLI's load relative to the callers'.
//
// failsafe-go's budget limits the share of retries among the calls in flight: with few in
// flight it allows any number, one after another; and it works only in its executor.
type budget struct {
	percent int64

	mu     sync.Mutex
	tokens int64
	last   time.Time // when a call deposited last
}

func newBudget(percent int32) *budget {
	b := &budget{percent: int64(percent), last: time.Now()}
	if percent > 0 {
		b.tokens = initialTokens
	}
	return b
}

// deposit adds what a call is worth.
func (b *budget) deposit() {
	if b.percent == 0 {
		return
	}
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if refills := int64(now.Sub(b.last) / refillInterval); refills > 0 {
		b.tokens = max(b.tokens, min(b.tokens+100*refills, initialTokens))
	}
	b.last = now
	b.tokens = min(b.tokens+b.percent, maxTokens)
}

// withdraw takes one retry, and reports whether there was one.
func (b *budget) withdraw() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.tokens < 100 {
		return false
	}
	b.tokens -= 100
	return true
}

// refund returns a retry that was not sent.
func (b *budget) refund() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens = min(b.tokens+100, maxTokens)
}

// A pollBudget limits the calls for callers who wait or watch. Tests of addresses have half
// of it at most, so that those of one caller do not keep others from being told of changes.
type pollBudget struct{ all, tests *rate.Limiter }

// newPollBudget returns a budget that allows as many calls at once as in a second.
func newPollBudget(cfg *configv1.Polling) pollBudget {
	perMinute := int(cmp.Or(cfg.GetMaxCallsPerMinute(), config.DefaultPollsPerMinute))
	perSecond := rate.Limit(perMinute) / 60
	return pollBudget{
		all:   rate.NewLimiter(perSecond, max(perMinute/60, 1)),
		tests: rate.NewLimiter(perSecond/2, max(perMinute/120, 1)),
	}
}
