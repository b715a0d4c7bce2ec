package upstream

import (
	"cmp"
	"maps"
	"sync"
	"time"

	"golang.org/x/time/rate"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/upstream/pace"
)

// The token bucket counts in hundredths of a retry.
const (
	// initialTokens is what the bucket starts with, and what idle time refills it to: the
	// first call may fail, too. One source has half of it.
	initialTokens = 20 * 100
	// maxTokens is the most that calls can save up, and maxBalance of these the calls of one
	// source.
	maxTokens  = 100 * 100
	maxBalance = 10 * 100
	// refillInterval is the idle time that adds one retry, so that a caller that calls once a
	// minute can have one; and the time that a source is forgiven one, where there are many.
	refillInterval = 5 * time.Second
)

// A budget limits the retries of one upstream to a percentage of its recent calls, so
// that retries do not multiply the load of an upstream in trouble. Calls that share a
// response deposit, too: the limit is on DLI's load relative to the callers'.
//
// A source that has taken more than it deposited is in debt, to no more than what is left for
// the others: one whose calls all fail does not use up what theirs deposit.
//
// failsafe-go's budget limits the share of retries among the calls in flight: with few in
// flight it allows any number, one after another; and it works only in its executor.
type budget struct {
	percent int64

	mu       sync.Mutex
	tokens   int64
	last     time.Time // when a call deposited last
	accounts map[payer]*account
	others   account   // of the sources for whom there is no room
	swept    time.Time // when accounts was last searched for what may be forgotten
}

// A payer is a source of calls; its lists pay as its other calls.
type payer struct{ project, caller string }

// An account is what a source has deposited and not taken; a debt where it is negative.
type account struct {
	balance int64
	used    time.Time
}

func newBudget(percent int32) *budget {
	now := time.Now()
	b := &budget{percent: int64(percent), last: now, accounts: make(map[payer]*account), others: account{used: now}}
	if percent > 0 {
		b.tokens = initialTokens
	}
	return b
}

// deposit adds what a call is worth.
func (b *budget) deposit(s source) {
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
	b.of(s, now).add(b.percent)
	b.tokens = min(b.tokens+b.percent, maxTokens)
}

// withdraw takes one retry, and reports whether there was one.
func (b *budget) withdraw(s source) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.of(s, time.Now())
	if b.tokens < 100 || a.balance < 100 && b.tokens-100 < -a.balance {
		return false
	}
	b.tokens -= 100
	a.add(-100)
	return true
}

// refund returns a retry that was not sent.
func (b *budget) refund(s source) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.of(s, time.Now()).add(100)
	b.tokens = min(b.tokens+100, maxTokens)
}

func (a *account) add(n int64) { a.balance = min(a.balance+n, maxBalance) }

// of returns the account of a source as it is now. b.mu is held.
func (b *budget) of(s source, now time.Time) *account {
	a := b.account(payer{s.project, s.caller}, now)
	const step = refillInterval / 100
	forgiven := now.Sub(a.used) / step
	if a.used = a.used.Add(forgiven * step); a.balance < 0 && b.tokens >= initialTokens {
		a.balance = min(a.balance+int64(forgiven), 0)
	}
	return a
}

// account returns the account of a payer. If there are too many, those are forgotten that
// were not used of late.
func (b *budget) account(p payer, now time.Time) *account {
	a := b.accounts[p]
	if a != nil {
		return a
	}
	if len(b.accounts) >= maxSources && now.Sub(b.swept) >= time.Second {
		b.swept = now
		maps.DeleteFunc(b.accounts, func(_ payer, a *account) bool { return now.Sub(a.used) >= forgetAfter })
	}
	if len(b.accounts) >= maxSources {
		return &b.others
	}
	a = &account{used: now}
	b.accounts[p] = a
	return a
}

// A pollBudget limits the calls for callers who wait or watch, who take turns where it is
// short. Tests of addresses have half of it at most, so that those of one caller do not keep
// others from being told of changes.
type pollBudget struct{ all, tests *pace.Pace }

// newPollBudget returns a budget that allows as many calls at once as in a second.
func newPollBudget(cfg *configv1.Polling) pollBudget {
	perMinute := int(cmp.Or(cfg.GetMaxCallsPerMinute(), config.DefaultPollsPerMinute))
	perSecond := rate.Limit(perMinute) / 60
	return pollBudget{
		all:   pace.New(perSecond, max(perMinute/60, 1)),
		tests: pace.New(perSecond/2, max(perMinute/120, 1)),
	}
}
