package upstream

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/egress"
	"github.com/connsvc/connsvc/internal/upstream/exchange"
	"github.com/connsvc/connsvc/internal/upstream/pace"
)

// A Client makes the calls to one upstream. It stays usable when a reload has replaced it.
type Client struct {
	router      *Router
	config      *configv1.Upstream
	name        string
	base        *url.URL
	timeout     time.Duration // of an attempt
	propagate   bool          // the trace context is sent to DLI
	transport   *exchange.Transport
	route       *egress.Route // nil: direct
	credentials credentials.Provider
	backoff     backoff
	budget      *budget
	polls       pollBudget
	breaker     *breaker
	limit       *limit
	reads       reads
	counts      *counts
	shown       *shown
}

// shown is what DLI at an endpoint has shown of itself. A reload keeps it: the Clients before
// and after share it.
type shown struct {
	clock       atomic.Pointer[clock]
	uniqueNames atomic.Pointer[bool] // nil until DLI shows it
}

// Call makes the DLI call of an RPC: it sends req by the RPC's first HTTP binding
// and fills resp from the response. Errors are *Error; resp must not be touched then: a
// read that others share may still be writing to it. It takes as long as ctx allows;
// each attempt, as long as the upstream's timeout allows. A read may share attempts
// with identical ones.
func (c *Client) Call(ctx context.Context, fullMethod string, req, resp proto.Message) error {
	if err := c.call(ctx, fullMethod, req, resp); err != nil {
		err.Method = fullMethod
		if err.credentialsRejected() {
			c.counts.credentialsRejected.Add(1)
		}
		return err
	}
	return nil
}

func (c *Client) call(ctx context.Context, fullMethod string, req, resp proto.Message) *Error {
	op := c.router.operations[fullMethod]
	if op == nil {
		return &Error{Kind: Invalid, Err: errUnknownMethod}
	}
	if !c.router.begin() {
		return &Error{Kind: Unreachable, Err: errClosed}
	}
	defer c.router.calls.Done()
	if err := ctx.Err(); err != nil {
		return transportError(ctx, err, false)
	}
	call := &call{op: op, to: c, response: resp, project: projectOf(req), record: record.From(ctx)}
	call.source = source{project: call.project, caller: call.record.Origin, list: op.listsAll(req)}
	c.budget.deposit(call.source)
	// Before a body is encoded: calls to an upstream that is down must cost nothing.
	if err := c.breakerError(call.source); err != nil {
		return err
	}
	path, query, err := op.target(req)
	if err == nil {
		call.url, err = c.url(path, query)
	}
	if err != nil {
		return &Error{Kind: Invalid, Err: err}
	}
	if op.HTTPMethod == http.MethodGet {
		return c.doWithRetry(ctx, call)
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
	failed := c.doWithRetry(ctx, call)
	if failed == nil || failed.MayHaveExecuted || mayHaveExecuted(failed) {
		call.record.RecordChange()
	}
	return failed
}

// url returns the URL of a call, from its escaped path and its query.
func (c *Client) url(path, query string) (*url.URL, error) {
	escaped := strings.TrimRight(c.base.EscapedPath(), "/") + path
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: c.base.Scheme, Host: c.base.Host, Path: decoded, RawQuery: query}
	if decoded != escaped {
		u.RawPath = escaped
	}
	return u, nil
}

func projectOf(req proto.Message) string {
	if m, ok := req.(interface{ GetProjectId() string }); ok {
		return m.GetProjectId()
	}
	return ""
}

// Idempotency returns how creates are made safe to retry, nil if the configuration does
// not say. It must not be changed.
func (c *Client) Idempotency() *configv1.Idempotency { return c.config.GetIdempotency() }

// CallersOwn reports whether calls are made with the caller's own credentials.
func (c *Client) CallersOwn() bool { return c.credentials.CallersOwn() }

// Polling returns how connections are polled, nil if the configuration does not say. It
// must not be changed.
func (c *Client) Polling() *configv1.Polling { return c.config.GetPolling() }

// AwaitPoll waits until the budget of polls allows one more call of the caller in ctx, who takes
// turns with the others who wait, or until ctx ends.
func (c *Client) AwaitPoll(ctx context.Context) error { return c.await(ctx, c.polls.all) }

// AwaitTest is AwaitPoll for the calls of tests of addresses. They first wait for each other,
// so that they take no more than their share of the budget.
func (c *Client) AwaitTest(ctx context.Context) error {
	return c.await(ctx, c.polls.tests, c.polls.all)
}

func (c *Client) await(ctx context.Context, paces ...*pace.Pace) error {
	c.counts.polls.Add(1)
	delayed := false
	for _, p := range paces {
		waited, err := p.Wait(ctx, record.From(ctx).Origin)
		if waited && !delayed {
			delayed = true
			c.counts.pollsDelayed.Add(1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// UniqueNames reports whether DLI is known to reject a taken name: by what it has shown
// last, else by configuration.
func (c *Client) UniqueNames() bool {
	if unique := c.shown.uniqueNames.Load(); unique != nil {
		return *unique
	}
	return c.Idempotency().GetUniqueNames()
}

// RecordUniqueNames records that DLI rejected a taken name, or that it has two connections
// of one name.
func (c *Client) RecordUniqueNames(unique bool) { c.shown.uniqueNames.Store(&unique) }

// Skew returns by how much DLI's clock is ahead of this one, by the Date of its last
// response; false before the first. Date has whole seconds and was written before the
// response travelled: the true skew is up to a second more, and up to the time of
// travel more again.
func (c *Client) Skew() (time.Duration, bool) {
	last := c.shown.clock.Load()
	if last == nil {
		return 0, false
	}
	return last.skew, true
}

// A clock is the last Date of DLI.
type clock struct {
	text string
	date time.Time
	skew time.Duration
}

// readDate returns DLI's Date and keeps it for Skew; zero if the response has none.
// Most responses arrive in the same second as the one before.
func (c *Client) readDate(h http.Header) time.Time {
	text := h.Get("Date")
	if last := c.shown.clock.Load(); last != nil && last.text == text {
		return last.date
	}
	date, err := http.ParseTime(text)
	if err != nil {
		return time.Time{}
	}
	c.shown.clock.Store(&clock{text, date, date.Sub(c.router.options.Now())})
	return date
}
