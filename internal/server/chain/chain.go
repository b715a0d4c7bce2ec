// Package chain is what every call passes, over gRPC and REST alike: Serve reads from
// top to bottom in the order of the request flow. It is not a transport: how a
// request is received and a response sent is the Transport's. Every call is in
// metrics, log and traces, a rejected or panicking one too.
package chain

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/quota"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/validation"
)

// Options are what New needs beside the limits.
type Options struct {
	Service   connsvcv1.ConnectionServiceServer
	Validator *validation.Validator
	Telemetry *telemetry.Telemetry
	Version   string // for the build info metric
	Guard     *Guard // may be nil
}

// A Chain serves the calls of both APIs. It is safe for concurrent use.
type Chain struct {
	// API is the service as the handlers of both APIs must call it: each of its methods
	// checks the request and passes it on.
	API connsvcv1.ConnectionServiceServer
	// Metrics also count what does not pass the chain: health checks and reflection.
	Metrics *Metrics

	configured *configv1.Limits
	tracer     trace.Tracer
	log        *slog.Logger
	access     accessLog
	limits     *quota.Limits
	guard      atomic.Pointer[Guard]
	term       atomic.Pointer[term] // of the guard
	stopping   <-chan struct{}      // closed by Stop
	newTerm    func() *term

	// Stop has the calls that wait for something end, and their callers come back.
	Stop func()
}

// A term is the time of one guard: it is over when another one follows, or connsvc stops.
type term struct {
	over <-chan struct{}
	end  func()
}

// New makes the chain in front of a service.
func New(o Options, l *configv1.Limits) (*Chain, error) {
	metrics, err := newMetrics(o.Telemetry.Meter, o.Version)
	if err != nil {
		return nil, err
	}
	decisions, err := newDecisions(o.Telemetry)
	if err != nil {
		return nil, err
	}
	limits := quota.New(l)
	if err := observeLimits(o.Telemetry.Meter, limits); err != nil {
		return nil, err
	}
	stopping, stop := context.WithCancel(context.Background()) //nolint:gosec // Stop calls it
	ch := &Chain{
		API:        api{service: o.Service, validator: o.Validator, decisions: decisions},
		Metrics:    metrics,
		configured: l,
		tracer:     o.Telemetry.Tracer,
		log:        o.Telemetry.Log,
		access:     newAccessLog(o.Telemetry.Log),
		limits:     limits,
		stopping:   stopping.Done(),
		Stop:       stop,
		newTerm: func() *term {
			over, end := context.WithCancel(stopping)
			return &term{over.Done(), end}
		},
	}
	ch.guard.Store(o.Guard)
	ch.term.Store(ch.newTerm())
	return ch, nil
}

// Serve passes a call through the chain: observe, authenticate, begin, receive, admit, check,
// authorize, handle, reply. The Transport has sent the response, or the error that is
// c.Failure then.
func (ch *Chain) Serve(ctx context.Context, c *Call) {
	start := time.Now()
	if c.Record.Stopping = ch.stopping; c.Method == watchMethod {
		c.Record.Stopping = ch.term.Load().over // before the guard is loaded
	}
	ctx, span := ch.startSpan(ctx, c)
	ch.Metrics.inFlight.begin(c)
	defer ch.Metrics.inFlight.end(c)
	// What follows the exchange must not end the process either.
	defer ch.recover(ctx, c, new(error))

	if err := ch.exchange(ctx, c); err != nil {
		c.Failure = apierror.From(err).WithRequestID(c.ID)
		c.Transport.Reject(c)
	}

	took := time.Since(start)
	c.endAudit(ctx, took)
	ch.access.write(ctx, c, took)
	ch.Metrics.record(ctx, c, took)
	endSpan(span, c)
}

// exchange admits the call, and has the Transport receive the request, pass it to the
// API and send the response.
func (ch *Chain) exchange(ctx context.Context, c *Call) (err error) {
	defer ch.recover(ctx, c, &err)
	if c.Unrouted != nil {
		return c.Unrouted
	}
	if err := ch.authenticate(ctx, c); err != nil {
		return err
	}
	defer c.place.End()
	defer c.Record.End()
	if err := ch.begin(c); err != nil {
		return err
	}
	return c.Transport.Exchange(withCall(call.NewContext(ctx, &c.Record), c), c)
}
