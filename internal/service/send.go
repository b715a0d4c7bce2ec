package service

import (
	"context"
	"math/rand/v2"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	// maxSends bounds how often a POST is begun of which nothing leaves.
	maxSends = 3
	// firstPause is doubled for each further one, up to longestPause.
	firstPause   = 100 * time.Millisecond
	longestPause = 2 * time.Second
	// answerMargin is kept of the caller's time, for the answer to reach who waits
	// for it before he leaves.
	answerMargin = 250 * time.Millisecond
)

// send makes the POST, and again only while nothing of it has left.
func (c *creation) send(ctx context.Context) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	ctx, cancel := c.keepingTime(ctx)
	defer cancel()
	about := apierror.Subject{
		Operation: apierror.CreateConnection,
		Project:   c.req.GetProjectId(),
		Name:      c.req.GetName(),
		Queues:    c.req.GetQueues(),
		Pools:     c.req.GetElasticResourcePools(),
	}
	for n := 1; ; n++ {
		c.began = time.Now()
		c.posted.Store(true)
		resp := &connsvcv1.CreateEnhancedConnectionResponse{}
		err := callTo(ctx, c.dli, connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, about, c.post, resp)
		if err == nil && resp.GetConnectionId() == "" {
			err = apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", errNoConnectionID)
		}
		u, ok := apierror.Find[upstream.Error](err)
		if ok && !u.Sent {
			c.posted.Store(false)
		}
		// With a time to wait there is no use in a quick second try.
		again := ok && !u.Sent && u.Kind == upstream.Unreachable && u.RetryAfter == 0
		if !again || n == maxSends || !sleep(ctx, pauseOf(n)) {
			c.cut = !c.posted.Load() && passed(ctx)
			return resp, err
		}
	}
}

// keepingTime is ctx with an earlier deadline: a POST that takes all the caller's
// time leaves none to find out what became of it.
func (c *creation) keepingTime(ctx context.Context) (context.Context, context.CancelFunc) {
	at, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, at.Add(-min(c.reconcileFor+answerMargin, time.Until(at)/3)))
}

// passed reports whether the deadline of ctx is over.
func passed(ctx context.Context) bool {
	at, ok := ctx.Deadline()
	return ok && !time.Now().Before(at)
}

// poll calls look until it says that it is done, for at most d and while there is
// time to answer. Between two looks it pauses, longer each time, but not until its
// time is over. No look takes more than half of the time that is left.
func (c *creation) poll(ctx context.Context, d time.Duration, look func(context.Context) (done bool)) {
	end := time.Now().Add(d)
	if at, ok := ctx.Deadline(); ok {
		answerBy := at.Add(-min(answerMargin, at.Sub(c.started)/10))
		if answerBy.Before(end) {
			end = answerBy
		}
	}
	for n := 1; ctx.Err() == nil; n++ {
		if left := time.Until(end); left <= 0 || lookOnce(ctx, left, look) {
			return
		}
		left := time.Until(end)
		if !sleep(ctx, min(pauseOf(n), max(left/2, firstPause), left)) {
			return
		}
	}
}

// search polls for what is left of the time in which a POST's outcome is looked for.
func (c *creation) search(ctx context.Context, look func(context.Context) (done bool)) {
	if c.until.IsZero() {
		c.until = time.Now().Add(c.reconcileFor)
	}
	done := false
	c.poll(ctx, time.Until(c.until), func(ctx context.Context) bool {
		done = look(ctx)
		return done
	})
	c.cut = !done && time.Now().Before(c.until)
}

func lookOnce(ctx context.Context, left time.Duration, look func(context.Context) bool) bool {
	const shortest = time.Second
	ctx, cancel := context.WithTimeout(ctx, min(left, max(left/2, shortest)))
	defer cancel()
	return look(ctx)
}

// pauseOf is how long to pause for the n-th time.
func pauseOf(n int) time.Duration {
	d := min(firstPause<<min(n-1, 10), longestPause)
	// Replicas that wait for the same thing must not come back together.
	return d + time.Duration((rand.Float64()-0.5)*float64(d)/2) //nolint:gosec // no secret
}

// sleep reports false where ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
