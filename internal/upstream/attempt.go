package upstream

import (
	"context"
	"net/http"
	"time"
)

// An attempt is one HTTP request of a call, and what became of it.
type attempt struct {
	request *http.Request // nil where there were no credentials
	status  int
	// own says that the upstream's timeout ends the attempt, not the caller's deadline.
	own bool
}

// attempt sends a call once and reads its answer, if the breaker and the limit let
// it.
func (c *Client) attempt(ctx context.Context, call *call) (*attempt, *Error) {
	if err := c.refusal(); err != nil {
		return &attempt{}, err
	}
	at, ok := ctx.Deadline()
	a := &attempt{own: !ok || time.Until(at) > c.timeout}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Before a place is taken: the wait for IAM must not take one from other calls.
	var err *Error
	if a.request, err = call.request(ctx); err != nil {
		return a, err
	}
	return a, c.admitted(ctx, call, a)
}

// admitted sends the request of an attempt if there is a place for it.
func (c *Client) admitted(ctx context.Context, call *call, a *attempt) *Error {
	p, err := c.enter()
	if err != nil {
		return err
	}
	v := unsettled
	defer func() { c.leave(p, v) }()
	ctx, span := c.span(ctx, call, a.request)
	defer span.End()
	start := time.Now()
	requestID, err := c.send(ctx, call, a)
	v = verdictOf(err, a.own)
	told := Attempt{
		FullMethod: call.op.FullMethod, Upstream: c.name, Endpoint: c.configured, Duration: time.Since(start),
		RequestID: requestID, HTTPStatus: a.status,
		Outcome: outcomeNames[outcomeOf(err)],
	}
	tell(span, call.op, told, err)
	c.observe(ctx, call.op, told, err)
	return err
}

// send sends the request of an attempt and reads its answer. It returns DLI's
// request ID, too.
func (c *Client) send(ctx context.Context, call *call, a *attempt) (string, *Error) {
	response, left, err := c.transport.roundTrip(ctx, a.request, call.body)
	sent := a.request.Header
	if err != nil {
		return "", lost(ctx, err, left).redact(sent)
	}
	defer func() { _ = response.Body.Close() }()
	a.status = response.StatusCode
	date := c.readDate(response.Header)
	requestID := identifier(sent, response.Header.Get("X-Request-Id"))
	e := c.read(ctx, call, a, response, date)
	if e == nil {
		return requestID, nil
	}
	e.HTTPStatus, e.Sent, e.Date = a.status, true, date
	if e.RequestID == "" {
		e.RequestID = requestID
	}
	e.CallersOwn = c.credentials.CallersOwn()
	return e.RequestID, e.redact(sent)
}

func (c *Client) observe(ctx context.Context, op *operation, a Attempt, err *Error) {
	c.counts.attempt(op.FullMethod, err)
	if c.options.Observe == nil {
		return
	}
	if err != nil {
		err.Method = op.FullMethod
		// The call may go on to change its own.
		told := *err
		a.Err = &told
	}
	c.options.Observe(ctx, a)
}

// A verdict is what the end of an attempt says of the upstream.
type verdict int

const (
	unsettled verdict = iota // nothing: the caller went, or had no time
	alive                    // it answered
	down                     // it cannot be reached, does not answer, or is not there behind its gateway
	slow                     // down, for it did not answer in the time that it has
)

// verdictOf judges the end of an attempt. A 429 is the answer of one who is there.
func verdictOf(err *Error, ownTimeout bool) verdict {
	switch {
	case err == nil:
		return alive
	case err.Kind == Cancelled, err.Kind == Timeout && !ownTimeout:
		return unsettled
	case err.Kind == Timeout:
		return slow
	case err.Kind == Unreachable, err.Kind == Broken && err.HTTPStatus == 0:
		return down
	case err.Kind == Status && isUnavailable(err.HTTPStatus):
		return down
	default:
		return alive
	}
}

// isUnavailable tells the statuses by which a gateway says that what is behind it
// is not there.
func isUnavailable(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// A place is one that a call has among those in flight.
type place struct {
	ticket ticket
	permit permit
}

// enter takes a place for an attempt, or returns why there is none.
func (c *Client) enter() (place, *Error) {
	t, err := c.breaker.enter()
	if err != nil {
		c.counts.refused[refusedByBreaker].Add(1)
		return place{}, err
	}
	p, err := c.limit.enter()
	if err != nil {
		c.breaker.leave(t, unsettled)
		c.counts.refused[refusedByLimit].Add(1)
		return place{}, err
	}
	c.counts.inFlight.Add(1)
	return place{t, p}, nil
}

func (c *Client) leave(p place, v verdict) {
	c.counts.inFlight.Add(-1)
	p.permit.leave(v)
	c.breaker.leave(p.ticket, v)
}

// refusal returns why the breaker refuses every call now, or nil.
func (c *Client) refusal() *Error {
	err := c.breaker.refusal()
	if err != nil {
		c.counts.refused[refusedByBreaker].Add(1)
	}
	return err
}
