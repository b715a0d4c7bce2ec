// Package upstream is the client of DLI's REST API: it sends each call to the
// endpoint of its project, with that endpoint's credentials, and turns every way
// in which a call can fail into one Error. It knows nothing of single operations:
// methods, paths and fields come from the google.api.http bindings of the proto.
//
// A request with a body is sent at most once: only if not one byte of it left is
// it sent again. Redirects are never followed. Nothing is logged, and no error
// prints a credential, a query or a body.
package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// DefaultMaxResponseBytes bounds an answer where Options leave the bound out: 64 MiB.
const DefaultMaxResponseBytes = 64 << 20

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret. Each is read once, by New.
	Secret func(*configv1.Secret) (string, error)
	// MaxResponseBytes bounds an answer; 0: DefaultMaxResponseBytes.
	MaxResponseBytes int64
	// Now is the clock that signatures use; nil: time.Now.
	Now func() time.Time
	// Observe is told of every finished attempt; may be nil. It is called on the
	// goroutine of the call.
	Observe func(ctx context.Context, a Attempt)
}

// An Attempt is one HTTP call to DLI.
type Attempt struct {
	FullMethod string
	Endpoint   string        // as configured
	Duration   time.Duration // until the answer was read whole
	RequestID  string        // DLI's
	HTTPStatus int           // 0 without an answer
	Err        error         // nil or *Error
}

// A Router sends each call to the upstream of its project. It is safe for
// concurrent use.
type Router struct {
	operations map[string]*operation
	byProject  map[string]*endpoint
	catchAll   *endpoint // of every other project; may be nil
	endpoints  []*endpoint
	options    Options
	bodies     sync.Pool // of *buffer
}

// New makes the clients of the configured upstreams. It connects to none. The
// error joins all problems, each with its field, as in "upstreams[0].endpoint".
func New(cfg []*configv1.Upstream, o Options) (*Router, error) {
	if o.MaxResponseBytes <= 0 {
		o.MaxResponseBytes = DefaultMaxResponseBytes
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	operations, err := readOperations()
	if err != nil {
		return nil, err
	}
	r := &Router{operations: operations, byProject: make(map[string]*endpoint), options: o}
	var problems []error
	for i, u := range cfg {
		p := &problem{index: i}
		e := newEndpoint(u, o, p)
		r.endpoints = append(r.endpoints, e)
		r.assign(e, u.GetProjects(), p)
		problems = append(problems, p.found...)
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return r, nil
}

// assign gives the endpoint its projects. The configuration's own rules forbid
// what is refused here; a call must never go to one of two endpoints by chance.
func (r *Router) assign(e *endpoint, projects []string, p *problem) {
	if len(projects) == 0 {
		if r.catchAll != nil {
			p.add("projects", errors.New("another upstream serves every project already"))
		}
		r.catchAll = e
	}
	for _, project := range projects {
		if r.byProject[project] != nil {
			p.add("projects", errors.New("project "+project+" is listed already"))
		}
		r.byProject[project] = e
	}
}

// Call makes the DLI call of an RPC: it sends req by the RPC's first HTTP binding
// and fills resp from the answer. Errors are *Error; resp may then be filled in
// part. It takes as long as ctx and the upstream's timeout allow.
func (r *Router) Call(ctx context.Context, fullMethod string, req, resp proto.Message) error {
	op := r.operations[fullMethod]
	if op == nil {
		return &Error{Kind: Invalid, Method: fullMethod, Err: errUnknownMethod}
	}
	e := r.endpointOf(req)
	if e == nil {
		return &Error{Kind: NotConfigured, Method: fullMethod}
	}
	if err := r.call(ctx, op, e, req, resp); err != nil {
		err.Method = fullMethod
		return err
	}
	return nil
}

func (r *Router) endpointOf(req proto.Message) *endpoint {
	m, ok := req.(interface{ GetProjectId() string })
	if !ok {
		return nil
	}
	if e := r.byProject[m.GetProjectId()]; e != nil {
		return e
	}
	return r.catchAll
}

// Close closes idle connections. Calls in flight go on.
func (r *Router) Close() {
	for _, e := range r.endpoints {
		e.transport.CloseIdleConnections()
	}
}
