package upstream

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// answerMargin is what is left of the caller's deadline when a call is repeated:
// time to send it and to hand on what comes of it.
const answerMargin = 100 * time.Millisecond

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
// time or no budget for another attempt.
func (c *Client) repeat(ctx context.Context, call *call) *Error {
	var last *Error
	for n := 1; ; n++ {
		err := c.attemptOf(ctx, call, n > 1)
		if err == nil {
			return nil
		}
		if last != nil {
			if err.Kind == BreakerOpen || err.Kind == Shed {
				// What DLI said before tells more than that it is not asked again.
				last.RetryAfter = max(last.RetryAfter, err.RetryAfter)
				return last
			}
			err.Repeated = last.Repeated || mayHaveRun(last)
			err.Sent = err.Sent || last.Sent
		}
		if n >= c.retry.attempts || !repeats[call.op.FullMethod].covers(err) || !c.pause(ctx, n, err) {
			return err
		}
		if ctx.Err() != nil {
			gone := lost(ctx, ctx.Err(), err.Sent)
			gone.Repeated = err.Repeated || mayHaveRun(err)
			return gone
		}
		// An answer that broke off has left what came of it.
		proto.Reset(call.answer)
		last = err
	}
}

// attemptOf makes one attempt of a call, or shares one.
func (c *Client) attemptOf(ctx context.Context, call *call, again bool) *Error {
	if call.op.HTTPMethod == http.MethodGet {
		return c.share(ctx, call, again)
	}
	if again {
		c.counts.retries.Add(1)
	}
	return c.settle(ctx, call)
}

// settle sends a call, and again with other credentials where DLI refused those:
// it did nothing then, so a create may pass here again, too.
func (c *Client) settle(ctx context.Context, call *call) *Error {
	for renewed := false; ; renewed = true {
		a, err := c.attempt(ctx, call)
		if err == nil || err.HTTPStatus != http.StatusUnauthorized || renewed || !c.credentials.Refused(ctx, a.request, call.project) {
			return err
		}
	}
}

// pause takes a repeat from the budget and waits until its time. It returns false,
// at once, if the call may not be repeated, and true if ctx has ended meanwhile.
func (c *Client) pause(ctx context.Context, n int, err *Error) bool {
	delay, ok := c.retry.delay(n, err.RetryAfter)
	if at, bounded := ctx.Deadline(); bounded && time.Until(at) < delay+answerMargin {
		ok = false
	}
	if !ok || !c.budget.spend() {
		return false
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return true
}
