// Package restapi serves the contract as DLI's own REST API: grpc-gateway's generated
// handlers route, decode and reply, with DLI's dialect as their marshaler. The chain is
// their middleware: it runs before a byte of the body is read. No path and no method is
// listed here, as the gateway has them from the contract, but for the one method whose
// success is 201 and the one that is a stream.
package restapi

import (
	"context"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/buffers"
	gatewayv1 "github.com/connsvc/connsvc/internal/gateway/connsvc/v1"
	"github.com/connsvc/connsvc/internal/server/browser"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// Options are what New needs beside the chain and the limits.
type Options struct {
	// BodyTimeout is how long the server waits for more of a body. A slower caller would
	// keep a place that others could have.
	BodyTimeout time.Duration
	// Stopped is closed when REST has stopped; may be nil.
	Stopped <-chan struct{}
	// Guard rejects what a browser must not send.
	Guard *browser.Guard
	// Docs says that there is a page of the API at /docs.
	Docs bool
}

// A gateway is the REST API.
type gateway struct {
	chain   *chain.Chain
	limits  *configv1.Limits
	options Options
	mux     *runtime.ServeMux
	buffers buffers.Pool // for responses
}

// New makes the handler of the REST API.
func New(ch *chain.Chain, l *configv1.Limits, o Options) (http.Handler, error) {
	g := &gateway{chain: ch, limits: l, options: o}
	g.mux = runtime.NewServeMux(
		runtime.WithMiddlewares(g.serve),
		runtime.WithMarshalerOption(runtime.MIMEWildcard, marshaler{&g.buffers}),
		runtime.WithErrorHandler(handleError),
		runtime.WithRoutingErrorHandler(g.handleRoutingError),
		runtime.WithDisableHTTPMethodOverride(),
		runtime.WithDisablePathLengthFallback(),
		// "%2F" stays in its segment, where the field's rule rejects it.
		runtime.WithUnescapingMode(runtime.UnescapingModeAllExceptSlash),
	)
	if err := gatewayv1.RegisterConnectionServiceHandlerServer(context.Background(), g.mux, ch.API); err != nil {
		return nil, err
	}
	return g, g.handleWatch()
}

// ServeHTTP passes a request to the gateway. A path that is not clean has no RPC: the
// gateway would take its empty segments for empty fields.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.newExchange(w, r)
	browser.SetHeaders(w.Header())
	if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
		// Beside chunks there may be a Content-Length, which net/http removes. A proxy that went
		// by it would take what follows the chunks for a part of this request, and not check it
		// (RFC 9112, 6.1).
		w.Header().Set("Connection", "close")
	}
	g.options.Guard.AllowOrigin(w.Header(), r)
	if browser.HostInPath(r) { // no RPC has such a path
		g.reject(x, connsvcv1.ErrorReason_METHOD_NOT_FOUND)
		return
	}
	if err := g.options.Guard.Check(r); err != nil {
		g.rejectWith(x, err)
		return
	}
	if p := r.URL.EscapedPath(); r.RequestURI != "*" && strings.HasPrefix(p, "/") && path.Clean(p) == p {
		g.mux.ServeHTTP(x, x.bareRequest())
	}
	if !x.served {
		g.reject(x, connsvcv1.ErrorReason_METHOD_NOT_FOUND)
	}
}

// serve is the middleware around a generated handler.
func (g *gateway) serve(next runtime.HandlerFunc) runtime.HandlerFunc {
	method := methodOf(next)
	numbers := numbersOf(method)
	return func(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
		x, ok := w.(*exchange)
		if !ok {
			w.(*probe).routed = true
			return
		}
		if x.tests(method) {
			if err := g.options.Guard.CheckChange(x.request); err != nil {
				g.rejectWith(x, err)
				return
			}
		}
		ctx, cancel := g.withDeadline(x.request, method)
		defer cancel()
		x.handler, x.bare, x.pathParams, x.numbers = next, r, pathParams, numbers
		c := g.newCall(x, method)
		c.Project = pathParams["project_id"]
		g.run(ctx, c, x)
	}
}

// indexText is the error's text where a person looks around.
const indexText = "this is connsvc: DLI's REST API for connections, as in /v2.0/{project_id}/datasource/enhanced-connections"

// reject rejects a request that no RPC takes.
func (g *gateway) reject(x *exchange, reason connsvcv1.ErrorReason) {
	message := ""
	if x.request.URL.Path == "/" {
		message = indexText
		if g.options.Docs {
			message += "; /docs describes it"
		}
	}
	g.rejectWith(x, apierror.New(reason, message, nil))
}

func (g *gateway) rejectWith(x *exchange, err *apierror.Error) {
	c := g.newCall(x, chain.UnknownMethod)
	c.Target = x.request.Method + " " + x.request.URL.Path
	c.Unrouted = err
	g.run(x.request.Context(), c, x)
}

// preflight tells a browser what a page of a configured origin may send to a path.
func (g *gateway) preflight(x *exchange, allowed string) {
	c := g.newCall(x, chain.UnknownMethod)
	c.Target = x.request.Method + " " + x.request.URL.Path
	c.Preflight = true
	x.bare = x.request
	x.handler = func(http.ResponseWriter, *http.Request, map[string]string) {
		browser.AllowMethods(x.Header(), allowed)
		if err := x.send(c, http.StatusOK, nil); err != nil {
			x.fail(apierror.NotSent(err))
		}
	}
	ctx, cancel := g.withDeadline(x.request, chain.UnknownMethod)
	defer cancel()
	g.run(ctx, c, x)
}

func (g *gateway) newCall(x *exchange, method string) *chain.Call {
	r := x.request
	c := &chain.Call{API: chain.REST, Method: method, Peer: r.RemoteAddr, Transport: x}
	c.ReadHeaders(func(name string) []string { return r.Header[name] })
	c.Record.Unpaginated = true // DLI's clients do not know of pages
	return c
}

// run serves the call. One that panicked with http.ErrAbortHandler ends as net/http has
// it: without a response, and the connection is cut.
func (g *gateway) run(ctx context.Context, c *chain.Call, x *exchange) {
	x.served = true
	g.chain.Serve(ctx, c)
	if isAbort(c.Failure) {
		panic(http.ErrAbortHandler)
	}
	x.discardRest()
}
