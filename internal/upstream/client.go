package upstream

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
)

// A Client makes the calls to one upstream. It stays usable when a reload has replaced it.
type Client struct {
	endpoint
	router      *Router
	config      *configv1.Upstream
	options     Options
	credentials credentials.Provider
	retry       retry
	budget      *budget
	breaker     *breaker
	limit       *limit
	flights     flights
	counts      *counts
	clock       atomic.Pointer[clock]
}

func (r *Router) newClient(u *configv1.Upstream, p *problem) *Client {
	return &Client{
		endpoint: newEndpoint(u, p), router: r, config: u, options: r.options,
		retry: newRetry(u.GetRetry()), budget: newBudget(u.GetRetry().GetBudgetPercent()),
		breaker: newBreaker(u.GetProtection()), limit: newLimit(u.GetProtection()),
	}
}

func (c *Client) newCredentials(p *problem) {
	var err error
	c.credentials, err = credentials.New(c.config, credentials.Options{
		Secret: c.options.Secret, Now: c.options.Now,
		Observe: c.counts.renewed(c.name, c.options.Renewed),
	})
	if err != nil {
		p.addAll(err)
	}
}

// Call makes the DLI call of an RPC: it sends req by the RPC's first HTTP binding
// and fills resp from the response. Errors are *Error; resp must not be touched then: a
// read that others share may still be writing to it. It takes as long as ctx allows;
// each attempt, as long as the upstream's timeout allows. A read may share attempts
// with identical ones.
func (c *Client) Call(ctx context.Context, fullMethod string, req, resp proto.Message) error {
	if err := c.begin(ctx, fullMethod, req, resp); err != nil {
		err.Method = fullMethod
		return err
	}
	return nil
}

func (c *Client) begin(ctx context.Context, fullMethod string, req, resp proto.Message) *Error {
	op := c.router.operations[fullMethod]
	if op == nil {
		return &Error{Kind: Invalid, Err: errUnknownMethod}
	}
	if !c.router.begin() {
		return &Error{Kind: Unreachable, Err: errClosed}
	}
	defer c.router.calls.Done()
	return c.call(ctx, op, req, resp)
}

func (c *Client) call(ctx context.Context, op *operation, req, resp proto.Message) *Error {
	if err := ctx.Err(); err != nil {
		return lost(ctx, err, false)
	}
	c.budget.earn()
	// Before a body is encoded: callers of an upstream that is down wait for nothing.
	if err := c.refusal(); err != nil {
		return err
	}
	call := &call{op: op, to: c, answer: resp, project: projectOf(req), limit: c.options.MaxResponseBytes}
	path, query, err := op.target(req)
	if err == nil {
		call.url, err = c.url(path, query)
	}
	if err != nil {
		return &Error{Kind: Invalid, Err: err}
	}
	if op.HTTPMethod == http.MethodGet {
		return c.repeat(ctx, call)
	}
	// A read that begins after this call must not share one that began before.
	defer c.counts.writes.Add(1)
	if op.HasBody {
		buffer := c.router.bodies.Take()
		defer c.router.bodies.Give(buffer)
		if *buffer, err = op.appendBody(*buffer, req); err != nil {
			return &Error{Kind: Invalid, Err: err}
		}
		call.body = *buffer
	}
	return c.repeat(ctx, call)
}

// Idempotency returns how creates are made safe to repeat, nil where the configuration
// does not say. It is only to be read.
func (c *Client) Idempotency() *configv1.Idempotency { return c.config.GetIdempotency() }

// Skew returns by how much DLI's clock is ahead of this one, by the Date of its last
// response; false before the first. Date has whole seconds and was written before the
// response travelled: the true skew is up to a second more, and up to the time of
// travel more again.
func (c *Client) Skew() (time.Duration, bool) {
	last := c.clock.Load()
	if last == nil {
		return 0, false
	}
	return last.skew, true
}

// A clock is what DLI's last Date says.
type clock struct {
	text string
	date time.Time
	skew time.Duration
}

// readDate returns DLI's Date and keeps it for Skew; zero where the response has none.
// Most responses come within the second of the one before.
func (c *Client) readDate(h http.Header) time.Time {
	text := h.Get("Date")
	if last := c.clock.Load(); last != nil && last.text == text {
		return last.date
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	c.clock.Store(&clock{text, date, date.Sub(c.options.Now())})
	return date
}
