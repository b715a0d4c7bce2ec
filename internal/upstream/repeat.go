package upstream

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// maxTries bounds how often a request goes out of which nothing left: each time
	// it can meet a connection that DLI has just closed.
	maxTries = 3
	// answerMargin is what is left of the caller's deadline when a call is repeated:
	// time to send it and to hand on what comes of it.
	answerMargin = 100 * time.Millisecond
)

// retry is how calls are repeated.
type retry struct {
	attempts  int // of one call, the first included
	base, max time.Duration
}

func newRetry(cfg *configv1.Retry) retry {
	return retry{int(cfg.GetMaxAttempts()), cfg.GetBaseDelay().AsDuration(), cfg.GetMaxDelay().AsDuration()}
}

// delay returns how long to wait after the nth attempt: a random part of a growing
// delay, or as long as the upstream asked and a random part of the first delay, so
// that those who were told the same do not come back at the same moment. It returns
// false where that is longer than anyone should wait here.
func (r retry) delay(n int, asked time.Duration) (time.Duration, bool) {
	if asked > 0 {
		return asked + rand.N(r.base+1), asked <= r.max //nolint:gosec // no secret depends on it
	}
	ceiling := r.base
	for i := 1; i < n && ceiling < r.max; i++ {
		ceiling *= 2
	}
	return rand.N(min(ceiling, r.max) + 1), true //nolint:gosec // no secret depends on it
}

// repeat sends a call until it has an answer that stands, or there is no use, no
// time or no budget for another attempt. It is the one place where an attempt
// follows another.
func (c *client) repeat(ctx context.Context, call *call, deadline func() (time.Time, bool)) *Error {
	var last *Error
	for n, tries, renewed := 1, 1, false; ; {
		a, err := c.attempt(ctx, call, deadline)
		if err == nil {
			return nil
		}
		if last != nil && (err.Kind == BreakerOpen || err.Kind == Shed) {
			// What DLI said before tells more than that it is not asked again.
			last.RetryAfter = max(last.RetryAfter, err.RetryAfter)
			return last
		}
		err.Repeated = last != nil && (last.Repeated || mayHaveRun(last))
		err.Sent = err.Sent || last != nil && last.Sent
		switch {
		case tries < maxTries && a.unsent(err):
			tries++
			continue
		case err.HTTPStatus == http.StatusUnauthorized && !renewed && c.credentials.Refused(ctx, a.request, call.project):
			// DLI did nothing: a create may follow, too.
			renewed = true
			continue
		case n >= c.retry.attempts || !repeats[call.op.FullMethod].covers(err):
			return err
		}
		if !c.pause(ctx, n, err, deadline) {
			return given(ctx, err)
		}
		n, last = n+1, err
		c.counts.retries.Add(1)
	}
}

// pause waits until the call may be repeated. It returns false, at once, if it may
// not.
func (c *client) pause(ctx context.Context, n int, err *Error, deadline func() (time.Time, bool)) bool {
	delay, ok := c.retry.delay(n, err.RetryAfter)
	if at, bounded := deadline(); bounded && time.Until(at) < delay+answerMargin {
		ok = false
	}
	if !ok || !c.budget.spend() {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// given returns the Error of a call that is not repeated after err: the caller may
// have gone while it waited.
func given(ctx context.Context, err *Error) *Error {
	if ctx.Err() == nil {
		return err
	}
	gone := lost(ctx, ctx.Err(), err.Sent)
	gone.Repeated = err.Repeated || mayHaveRun(err)
	return gone
}
