package upstream

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// An attempt is one HTTP request of a call, and its result.
type attempt struct {
	request   *http.Request // nil if there were no credentials
	status    int           // 0 without a response
	requestID string        // DLI's
	// upstreamTimeoutApplies says that the upstream's timeout ends the attempt before
	// the caller's deadline does.
	upstreamTimeoutApplies bool
}

// attempt sends a call once and reads the response, if the breaker and the limit permit.
func (c *Client) attempt(ctx context.Context, call *call) (*attempt, *Error) {
	if err := c.breakerError(call.source); err != nil {
		return &attempt{}, err
	}
	deadline, ok := ctx.Deadline()
	a := &attempt{upstreamTimeoutApplies: !ok || time.Until(deadline) > c.timeout}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	// Before a permit is taken: waiting for IAM must not take one from other calls.
	var err *Error
	if a.request, err = call.request(ctx); err != nil {
		return a, err
	}
	return a, c.sendIfPermitted(ctx, call, a)
}

// sendIfPermitted sends the request of an attempt if the breaker and the limit permit,
// and records the attempt.
func (c *Client) sendIfPermitted(ctx context.Context, call *call, a *attempt) *Error {
	p, err := c.acquire(ctx, call.source)
	if err != nil {
		return err
	}
	v := inconclusive
	defer func() { c.release(p, v) }()
	ctx, span := c.startSpan(ctx, call, a.request)
	defer span.End()
	start := time.Now()
	err = c.send(ctx, call, a)
	took := time.Since(start)
	v = verdictOf(err, a.upstreamTimeoutApplies)
	outcome := outcomeOf(err)
	c.describe(span, call.op, a, outcome)
	c.counts.attempts[outcome].Add(1)
	c.router.duration.Record(ctx, took.Seconds(), c.counts.durations[call.op.FullMethod][outcome]...)
	call.record.AddAttempt(took, a.requestID)
	return err
}

// send sends the request of an attempt and reads the response.
func (c *Client) send(ctx context.Context, call *call, a *attempt) *Error {
	header := a.request.Header
	response, sent, err := c.transport.RoundTrip(ctx, a.request, call.body)
	if err != nil {
		return transportError(ctx, fmt.Errorf("upstream %s: %w", c.name, err), sent).redact(header)
	}
	defer func() { _ = response.Body.Close() }()
	a.status = response.StatusCode
	a.requestID = identifier(header, response.Header.Get("X-Request-Id"))
	date := c.readDate(response.Header)
	e := c.readResponse(ctx, call, a, response, date)
	if e == nil {
		return nil
	}
	if e.RequestID == "" {
		e.RequestID = a.requestID
	}
	a.requestID = e.RequestID
	e.HTTPStatus, e.Sent, e.Date, e.CallersOwn = a.status, true, date, c.credentials.CallersOwn()
	return e.redact(header)
}

// startSpan starts the span of an attempt and adds it to the request (W3C Trace
// Context), if DLI is to get it. That comes after signing, because proxies may change the header.
func (c *Client) startSpan(ctx context.Context, call *call, r *http.Request) (context.Context, trace.Span) {
	ctx, span := c.router.options.Tracer.Start(ctx, call.op.span, clientSpan)
	if c.propagate {
		propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	}
	return ctx, span
}

var clientSpan = trace.WithSpanKind(trace.SpanKindClient)

// describe adds to a span what the attempt was and how it ended: no URL, which contains
// what callers sent, and no text of an error.
func (c *Client) describe(span trace.Span, op *operation, a *attempt, o outcome) {
	if !span.IsRecording() {
		return
	}
	attributes := append(make([]attribute.KeyValue, 0, 6),
		attribute.String("http.request.method", op.HTTPMethod),
		attribute.String("connsvc.upstream", c.name),
	)
	if a.status != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", a.status))
	}
	if a.requestID != "" {
		attributes = append(attributes, attribute.String("connsvc.dli_request_id", a.requestID))
	}
	if o != outcomeOK {
		attributes = append(attributes, attribute.String("error.type", outcomeNames[o]))
		span.SetStatus(codes.Error, outcomeNames[o])
	}
	span.SetAttributes(attributes...)
}

// A verdict is what the end of an attempt says about the upstream.
type verdict int

const (
	inconclusive verdict = iota // the caller left, or had no time
	alive                       // it responded
	down                        // it is unreachable, does not respond, or its gateway says so
	slow                        // down, because it did not respond within its timeout
)

// verdictOf judges the end of an attempt. An upstream that throttles (429) is alive.
func verdictOf(err *Error, upstreamTimeoutApplies bool) verdict {
	switch {
	case err == nil:
		return alive
	case err.Kind == Cancelled, err.Kind == Timeout && !upstreamTimeoutApplies:
		return inconclusive
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

// isUnavailable reports whether a status says that what is behind a gateway is down.
func isUnavailable(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusServiceUnavailable || status == http.StatusGatewayTimeout
}

// permits are those of the breaker and of the limit for one attempt.
type permits struct {
	breaker breakerPermit
	limit   limitPermit
}

// acquire returns the permits of an attempt, or why there are none. It may wait for a place
// in the limit.
func (c *Client) acquire(ctx context.Context, s source) (permits, *Error) {
	b, err := c.breaker.acquire(s)
	if err != nil {
		c.counts.shed[shedByBreaker].Add(1)
		return permits{}, err
	}
	l, err := c.limit.acquire(ctx, s.caller)
	if err != nil {
		c.breaker.release(b, inconclusive)
		if err.Kind == Shed {
			c.counts.shed[shedByLimit].Add(1)
		}
		return permits{}, err
	}
	c.counts.inFlight.Add(1)
	return permits{b, l}, nil
}

func (c *Client) release(p permits, v verdict) {
	c.counts.inFlight.Add(-1)
	c.limit.release(p.limit, v)
	c.breaker.release(p.breaker, v)
}

// breakerError returns why the breaker rejects every call of a source now, or nil.
func (c *Client) breakerError(s source) *Error {
	err := c.breaker.openError(s)
	if err != nil {
		c.counts.shed[shedByBreaker].Add(1)
	}
	return err
}
