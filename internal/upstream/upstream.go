// Package upstream is the client of DLI's REST API: it sends each call to the
// upstream of its project, with that upstream's credentials, and turns every way
// in which a call can fail into one Error. Methods, paths and fields come from the
// google.api.http bindings of the proto; what is known of single operations is in
// one table, which says what may be repeated.
//
// A create is sent at most once: only if not one byte of it left, or DLI answered
// 401 to it, is it sent again. Redirects are never followed. Nothing is logged,
// and no error prints a credential, a query or a body.
package upstream

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/credentials"
)

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret. Those of files are read again when they change.
	Secret func(*configv1.Secret) (string, error)
	// MaxResponseBytes bounds an answer; 0: config.DefaultMaxResponseBytes.
	MaxResponseBytes int64
	// Now is the clock of signatures, tokens and Retry-After; nil: time.Now.
	Now func() time.Time
	// Observe is told of every finished attempt; may be nil. One of a read is told of
	// on a goroutine of its own, with the context of the caller who began it, perhaps
	// after that caller has gone; those who share it are not told of.
	Observe func(ctx context.Context, a Attempt)
	// Renewed is told of every attempt to get new credentials, by any goroutine; it
	// must not block; may be nil.
	Renewed func(upstream string, r credentials.Renewal)
	// Tracer makes a span of each attempt; nil: the caller's trace is handed on.
	Tracer trace.Tracer
	// Meter makes the metrics of the upstreams; nil: none are made.
	Meter metric.Meter
}

// An Attempt is one HTTP call to DLI.
type Attempt struct {
	FullMethod string
	Upstream   string        // its name
	Endpoint   string        // as configured
	Duration   time.Duration // until the answer was read whole
	RequestID  string        // DLI's
	HTTPStatus int           // 0 without an answer
	Outcome    string        // what became of it, of a closed set: ok, timeout, status_5xx, ...
	Err        error         // nil or *Error
}

// A Router sends each call to the upstream of its project. It is safe for
// concurrent use.
type Router struct {
	operations map[string]*operation
	options    Options
	bodies     buffers.Pool
	table      atomic.Pointer[table]

	serving    sync.WaitGroup // the clients that have not ended
	mu         sync.Mutex     // of Reload and Close
	counts     countsByName
	unregister func()
}

// New makes the clients of the configured upstreams. It connects to none. The
// error joins all problems, each with its field, as in "upstreams[0].endpoint".
// What the configuration leaves out is off (retries, breaker, limit), but the timeout
// is config.DefaultTimeout.
func New(cfg []*configv1.Upstream, o Options) (*Router, error) {
	if o.MaxResponseBytes <= 0 {
		o.MaxResponseBytes = config.DefaultMaxResponseBytes
	}
	o.Tracer = tracerOr(o.Tracer)
	if o.Now == nil {
		o.Now = time.Now
	}
	operations, err := readOperations()
	if err != nil {
		return nil, err
	}
	r := &Router{operations: operations, options: o, counts: make(countsByName), unregister: func() {}}
	r.table.Store(&table{})
	if err := r.Reload(cfg); err != nil {
		return nil, err
	}
	if err := r.measure(o.Meter); err != nil {
		r.Close(context.Background()) // no call is in flight
		return nil, err
	}
	return r, nil
}

// Call makes the DLI call of an RPC: it sends req by the RPC's first HTTP binding
// and fills resp from the answer. Errors are *Error; resp is not to be touched
// then: a read that others share may still be writing to it. It takes as long as
// ctx allows; each attempt, as long as the upstream's timeout allows. A read may
// share attempts with identical ones.
func (r *Router) Call(ctx context.Context, fullMethod string, req, resp proto.Message) error {
	op := r.operations[fullMethod]
	if op == nil {
		return &Error{Kind: Invalid, Method: fullMethod, Err: errUnknownMethod}
	}
	c, err := r.client(req)
	if err == nil {
		defer c.release()
		err = r.call(ctx, op, c, req, resp)
	}
	if err != nil {
		err.Method = fullMethod
		return err
	}
	return nil
}

func (r *Router) call(ctx context.Context, op *operation, to *client, req, resp proto.Message) *Error {
	if err := ctx.Err(); err != nil {
		return lost(ctx, err, false)
	}
	to.budget.earn()
	// Before a body is encoded: callers of an upstream that is down wait for nothing.
	if err := to.refusal(); err != nil {
		return err
	}
	c := &call{op: op, to: to, answer: resp, project: projectOf(req), limit: r.options.MaxResponseBytes}
	path, query, err := op.target(req)
	if err == nil {
		c.url, err = to.url(path, query)
	}
	if err != nil {
		return &Error{Kind: Invalid, Err: err}
	}
	if op.HTTPMethod == http.MethodGet {
		return to.repeat(ctx, c)
	}
	// A read that begins after this call must not share one that began before.
	defer to.flights.writes.Add(1)
	if op.HasBody {
		buffer := r.bodies.Take()
		defer r.bodies.Give(buffer)
		if *buffer, err = op.appendBody(*buffer, req); err != nil {
			return &Error{Kind: Invalid, Err: err}
		}
		c.body = *buffer
	}
	return to.repeat(ctx, c)
}
