// Package upstream is the client of DLI's REST API: it sends each call to the upstream of
// its project, with that upstream's credentials, and turns every failure into one Error.
// Methods, paths and fields come from the google.api.http bindings of the proto; what is
// known of single operations is in one table, which says what may be retried.
//
// A create is executed at most once: it is sent again only if not one byte of it was
// written, or DLI answered 401 or 429, which it does before it executes a call. Redirects
// are never followed. No error and no log line contains a credential, a query or a body.
package upstream

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/config"
)

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret. Those of files are read again when they change.
	Secret func(*configv1.Secret) (string, error)
	// Dir is where relative paths of TLS files start.
	Dir string
	// MaxResponseBytes limits a response; 0: config.DefaultMaxResponseBytes.
	MaxResponseBytes int64
	// MaxWaiting limits the calls to one upstream that wait for a place in its limit, and those
	// of one caller that wait for its credentials; 0: no limit.
	MaxWaiting int
	// Now is the clock of signatures, tokens and Retry-After; nil: time.Now.
	Now func() time.Time
	// Log gets the renewals of credentials and unsolicited bytes; nil: nothing is logged.
	Log *slog.Logger
	// Tracer makes a span of each attempt. If it is nil or noop, DLI gets no trace context
	// unless propagate_trace is true.
	Tracer trace.Tracer
	// Meter makes the metrics of the upstreams; nil: none are made.
	Meter metric.Meter

	dial func(context.Context) (net.Conn, error) // for tests; nil: TCP
}

// A Router finds the client of a project's upstream. It is safe for concurrent use.
type Router struct {
	operations map[string]*operation
	options    Options
	bodies     buffers.Pool
	graph      atomic.Pointer[graph]
	duration   metric.Float64Histogram // of attempts

	mu         sync.RWMutex   // held while a call begins, and to close
	calls      sync.WaitGroup // calls and shared attempts in flight
	reloading  sync.Mutex     // held by Reload and Close
	unregister func()         // of the metrics; may be called again
}

// New makes the clients of the configured upstreams. It connects to none. The
// error joins all problems, each with its field, as in "upstreams[0].endpoint".
// What the configuration leaves out is off (retries, breaker, limit), but the timeout
// is config.DefaultTimeout. cfg must not be changed afterwards.
func New(cfg []*configv1.Upstream, o Options) (*Router, error) {
	if o.MaxResponseBytes <= 0 {
		o.MaxResponseBytes = config.DefaultMaxResponseBytes
	}
	if o.Tracer == nil {
		o.Tracer = noop.NewTracerProvider().Tracer("")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	operations, err := readOperations(retryPolicies)
	if err != nil {
		return nil, err
	}
	r := &Router{operations: operations, options: o}
	g, err := r.newGraph(cfg, &graph{})
	if err != nil {
		return nil, err
	}
	r.graph.Store(g)
	if err := r.measure(o.Meter); err != nil {
		return nil, err
	}
	return r, nil
}

// Reload replaces the configuration for all projects at once. Calls in flight, and
// those of a Client that was looked up before, finish on the previous one. Credentials
// whose configuration did not change keep their tokens, and what DLI has shown of itself
// stays known where name and endpoint did not change; connections, breakers and
// limits start anew. An error, as of New, changes nothing.
func (r *Router) Reload(cfg []*configv1.Upstream) error {
	r.reloading.Lock()
	defer r.reloading.Unlock()
	previous := r.graph.Load()
	if previous.closed {
		return errClosed
	}
	next, err := r.newGraph(cfg, previous)
	if err != nil {
		return err
	}
	r.graph.Store(next)
	previous.closeConnections()
	return nil
}

// For returns the client of a project's upstream. The error is an *Error.
func (r *Router) For(project string) (*Client, error) {
	g := r.graph.Load()
	if g.closed {
		return nil, &Error{Kind: Unreachable, Err: errClosed}
	}
	if c := g.lookup(project); c != nil {
		return c, nil
	}
	return nil, &Error{Kind: NotConfigured}
}

// begin counts a call, until r.calls.Done. It returns false when the router is closed.
func (r *Router) begin() bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.graph.Load().closed {
		return false
	}
	r.calls.Add(1)
	return true
}

// Close rejects further calls and reloads, and returns when the calls in flight have
// ended or ctx ends. In the latter case the remaining calls still run to their end. It
// may be called again.
func (r *Router) Close(ctx context.Context) {
	r.reloading.Lock()
	r.mu.Lock()
	last := r.graph.Swap(&graph{closed: true})
	r.mu.Unlock()
	r.unregister()
	r.reloading.Unlock()
	last.closeConnections()
	ended := make(chan struct{})
	go func() {
		r.calls.Wait()
		last.closeCredentials()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}
