package restapi

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A probe asks the gateway what it would do with a request. Nothing is served.
type probe struct {
	method string // of the RPC, as runtime.RPCMethod has it
	routed bool   // there is a handler
}

// Header, Write and WriteHeader make a probe an http.ResponseWriter.
func (p *probe) Header() http.Header { return http.Header{} }

func (p *probe) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader does nothing.
func (p *probe) WriteHeader(int) {}

// methodOf returns the RPC of a generated handler: the gateway reports it to the error
// handler alone. A request without path parameters fails before it reaches the service.
func methodOf(handler runtime.HandlerFunc) string {
	p := &probe{}
	handler(p, &http.Request{Header: http.Header{}, URL: &url.URL{}, Body: http.NoBody}, nil)
	return strings.TrimPrefix(p.method, "/")
}

// numbersOf returns the request's fields of an RPC that are int64, by their names. No path has
// another number.
func numbersOf(method string) []string {
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0)
	rpc := service.Methods().ByName(protoreflect.FullName(strings.ReplaceAll(method, "/", ".")).Name())
	if rpc == nil {
		return nil
	}
	var names []string
	for i := range rpc.Input().Fields().Len() {
		if f := rpc.Input().Fields().Get(i); f.Kind() == protoreflect.Int64Kind {
			names = append(names, string(f.Name()))
		}
	}
	return names
}

// methods are the HTTP methods that a google.api.http rule can have, and HEAD, which
// comes with GET; in the order of an Allow header.
var methods = [...]string{http.MethodDelete, http.MethodGet, http.MethodHead, http.MethodPatch, http.MethodPost, http.MethodPut}

// allowed returns the HTTP methods that the path of r has.
func (g *gateway) allowed(r *http.Request) string {
	var allowed []string
	for _, method := range methods {
		p, asked := &probe{}, *r
		if asked.Method = method; method == http.MethodHead {
			asked.Method = http.MethodGet
		}
		if g.mux.ServeHTTP(p, &asked); p.routed {
			allowed = append(allowed, method)
		}
	}
	return strings.Join(allowed, ", ")
}

// handleRoutingError rejects a request whose path has other HTTP methods. ServeHTTP rejects
// what else has no handler.
func (g *gateway) handleRoutingError(_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, status int) {
	if x, ok := w.(*exchange); ok && status == http.StatusMethodNotAllowed {
		allowed := g.allowed(r)
		if g.options.Guard.IsPreflight(x.request) {
			g.preflight(x, allowed)
			return
		}
		x.Header().Set("Allow", allowed)
		g.reject(x, connsvcv1.ErrorReason_METHOD_NOT_ALLOWED)
	}
}

// handleError receives the error of a generated handler, for the chain to map and reject.
func handleError(ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error) {
	switch w := w.(type) {
	case *exchange:
		w.fail(err)
	case *probe:
		w.method, _ = runtime.RPCMethod(ctx)
	}
}
