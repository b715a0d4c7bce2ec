package server

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/httprule"
)

// restDoor serves the contract as DLI's own REST API: a second transport over
// the service descriptor, through the same chain.
type restDoor struct {
	dispatcher  *dispatcher
	limits      *configv1.Limits
	bodyTimeout time.Duration
	mux         *http.ServeMux
	buffers     buffers.Pool
}

// A restRoute is one path of the API.
type restRoute struct {
	methods map[string]*restMethod // by HTTP method
	allow   string                 // of a 405
}

// A restMethod is one HTTP method of a path.
type restMethod struct {
	binding     *httprule.Binding
	rpc         grpc.MethodDesc
	name        string                       // "connsvc.v1.ConnectionService/GetEnhancedConnection"
	status      int                          // of success
	idempotency protoreflect.FieldDescriptor // see idempotencyField
}

func newRESTDoor(d *dispatcher, l *configv1.Limits, bodyTimeout time.Duration) (*restDoor, error) {
	routes, err := newRoutes()
	if err != nil {
		return nil, err
	}
	door := &restDoor{dispatcher: d, limits: l, bodyTimeout: bodyTimeout, mux: http.NewServeMux()}
	for template, route := range routes {
		door.mux.HandleFunc(template, func(w http.ResponseWriter, r *http.Request) { door.serve(w, r, route) })
	}
	door.mux.HandleFunc("/", door.notFound)
	return door, nil
}

// newRoutes returns the paths of the service by their templates, which are
// patterns of http.ServeMux.
func newRoutes() (map[string]*restRoute, error) {
	bindings, err := httprule.Bindings(connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService"))
	if err != nil {
		return nil, err
	}
	rpcs := map[string]grpc.MethodDesc{}
	desc := connsvcv1.ConnectionService_ServiceDesc
	for _, rpc := range desc.Methods {
		rpcs["/"+desc.ServiceName+"/"+rpc.MethodName] = rpc
	}
	routes := map[string]*restRoute{}
	for _, b := range bindings {
		rpc, ok := rpcs[b.FullMethod]
		if !ok {
			return nil, fmt.Errorf("%s is not in the service descriptor", b.FullMethod)
		}
		route := routes[b.Template]
		if route == nil {
			route = &restRoute{methods: map[string]*restMethod{}}
			routes[b.Template] = route
		}
		route.add(&restMethod{
			binding: b, rpc: rpc, name: strings.TrimPrefix(b.FullMethod, "/"), status: successStatus(b),
			idempotency: idempotencyField(b.Method.Input()),
		})
	}
	return routes, nil
}

func (r *restRoute) add(m *restMethod) {
	r.methods[m.binding.HTTPMethod] = m
	if m.binding.HTTPMethod == http.MethodGet {
		r.methods[http.MethodHead] = m
	}
	var names []string
	for name := range r.methods {
		names = append(names, name)
	}
	slices.Sort(names)
	r.allow = strings.Join(names, ", ")
}

// successStatus is 201 for the one operation that DLI answers so (dli_02_0187):
// its clients take no other, and no 201 elsewhere.
func successStatus(b *httprule.Binding) int {
	if b.FullMethod == connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName {
		return http.StatusCreated
	}
	return http.StatusOK
}

// ServeHTTP routes a request. A path that is not clean is none of ours: the mux
// would redirect it, to where no DLI client would follow.
func (d *restDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p := r.URL.EscapedPath(); r.RequestURI == "*" || !strings.HasPrefix(p, "/") || path.Clean(p) != p {
		d.notFound(w, r)
		return
	}
	d.mux.ServeHTTP(w, r)
}

func (d *restDoor) serve(w http.ResponseWriter, r *http.Request, route *restRoute) {
	method := route.methods[r.Method]
	if method == nil {
		w.Header().Set("Allow", route.allow)
		d.refuse(w, r, connsvcv1.ErrorReason_METHOD_NOT_ALLOWED)
		return
	}
	rc := &restCall{
		w: w, r: r, method: method, buffers: &d.buffers,
		maxIn: d.limits.GetMaxRequestBytes(), maxOut: d.limits.GetMaxResponseBytes(), bodyTimeout: d.bodyTimeout,
	}
	c := &call{door: doorREST, method: method.name, project: r.PathValue("project_id"), wire: rc}
	ctx, cancel := bounded(restContext(r, rc), d.limits.GetCallTimeout().AsDuration())
	defer cancel()
	abort(d.dispatcher.serve(ctx, c, method.rpc))
	rc.drain()
}

func (d *restDoor) notFound(w http.ResponseWriter, r *http.Request) {
	d.refuse(w, r, connsvcv1.ErrorReason_METHOD_NOT_FOUND)
}

func (d *restDoor) refuse(w http.ResponseWriter, r *http.Request, reason connsvcv1.ErrorReason) {
	rc := &restCall{w: w, r: r, maxIn: d.limits.GetMaxRequestBytes()}
	c := &call{door: doorREST, method: unknownMethod, target: r.Method + " " + r.URL.Path, wire: rc}
	abort(d.dispatcher.refuse(restContext(r, rc), c, apierror.New(reason, "", nil)))
	rc.drain()
}
