package chain

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/quota"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// The APIs, as metrics and the log name them: as their ports.
const (
	GRPC = telemetry.PortGRPC
	REST = telemetry.PortREST
)

// UnknownMethod stands for every method or path that does not exist: a label must
// not take what a caller makes up.
const UnknownMethod = "unknown"

// Methods that are not as the others, as Call.Method has them.
var (
	getMethod    = connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName[1:]
	createMethod = connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName[1:]
	waitMethod   = connsvcv1.ConnectionService_WaitEnhancedConnection_FullMethodName[1:]
	watchMethod  = connsvcv1.ConnectionService_WatchEnhancedConnections_FullMethodName[1:]
)

// A Transport receives the request of one call and sends the response.
type Transport interface {
	// Credentials returns what the caller sent to authenticate itself.
	Credentials() auth.Credentials
	// Exchange receives the request, passes it to Chain.API and sends the response. Its
	// error was not sent.
	Exchange(ctx context.Context, c *Call) error
	// Complete adds to a decoded request what does not travel in its body.
	Complete(request proto.Message) error
	// Reject sends c.Failure, if nothing was sent yet.
	Reject(c *Call)
}

// A Call is one call: what its transport knows of it, and what becomes of it.
type Call struct {
	// Set by the transport, before Serve.
	API         string // GRPC or REST
	ID          string // see RequestID
	Method      string // "connsvc.v1.ConnectionService/GetEnhancedConnection", or UnknownMethod
	Target      string // the path or method that was asked for, where it is unknown
	Project     string // as the path has it; gRPC's is in the request
	Peer        string // the caller's address
	Traceparent string // W3C Trace Context of the caller; empty without one
	Tracestate  string
	Unrouted    *apierror.Error // why no RPC takes the call; nil where one does
	Preflight   bool            // of CORS: browsers send it without credentials, and no RPC takes it
	Record      call.Call
	Transport   Transport

	// Set by the transport, during Serve.
	HTTPStatus        int   // of the response; 0 over gRPC
	BytesIn, BytesOut int64 // of request and response, uncompressed
	Events            int64 // sent of a stream

	// Failure is why the call failed; nil where it succeeded. Set by Serve.
	Failure *apierror.Error

	// Challenge is the WWW-Authenticate header of a rejection; empty where the caller's
	// credentials are not the reason. Set by Serve.
	Challenge string

	guard     *Guard                        // nil: everyone may call everything
	looked    *connsvcv1.EnhancedConnection // that the policy asked for; nil: none
	created   string                        // ID of the connection that was made or applied
	steps     []*connsvcv1.ApplyStep        // of an apply
	signature *auth.Signature               // still to be verified; nil: none
	verified  *auth.Signature               // verified; nil: none
	rule      string                        // of the policy, that decided; may be empty
	principal *call.Principal               // nil until the caller is authenticated
	request   proto.Message                 // nil until it is decoded
	place     quota.Place                   // what the call holds
}

// ReadHeaders reads what the chain needs of the caller's headers, or of gRPC's metadata.
// Of two values where one is wanted none is taken: nobody could know which is meant.
func (c *Call) ReadHeaders(values func(name string) []string) {
	one := func(name string) string {
		if sent := values(name); len(sent) == 1 {
			return sent[0]
		}
		return ""
	}
	c.ID = RequestID(one("X-Request-Id"))
	c.Traceparent, c.Tracestate = one("Traceparent"), strings.Join(values("Tracestate"), ",")
	c.Record.CallerToken = one("X-Auth-Token")
}

// Creates reports whether the call is a CreateEnhancedConnection.
func (c *Call) Creates() bool { return c.Method == createMethod }

type callKey struct{}

func withCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callFrom returns the call that ctx belongs to.
func callFrom(ctx context.Context) *Call {
	c, _ := ctx.Value(callKey{}).(*Call)
	return c
}

// projectID returns the project of the call if it can be one: at most 64 letters and
// digits.
func (c *Call) projectID() string {
	id := c.Project
	if r, ok := c.request.(interface{ GetProjectId() string }); ok && id == "" {
		id = r.GetProjectId()
	}
	if len(id) > 64 {
		return ""
	}
	for i := range len(id) {
		if !isAlphanumeric(id[i]) {
			return ""
		}
	}
	return id
}

func isAlphanumeric(b byte) bool {
	return '0' <= b && b <= '9' || 'A' <= b && b <= 'Z' || 'a' <= b && b <= 'z'
}
