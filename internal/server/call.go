package server

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/apierror"
)

// The doors, as metrics and the log name them.
const (
	doorGRPC = "grpc"
	doorREST = "rest"
)

// unknownMethod stands for every method or path that does not exist: a label
// must not take what a caller makes up.
const unknownMethod = "unknown"

// A wire is the transport of one call: each door has its own.
type wire interface {
	// receive reads the request into c.req.
	receive(ctx context.Context, c *call) error
	// reply sends the answer.
	reply(ctx context.Context, c *call, answer proto.Message) error
	// refuse sends c.failure, if nothing was sent yet.
	refuse(c *call)
}

// A call is what is known of one call. It travels in the context; the
// interceptors fill it in, each its own fields, and the outer ones report it.
type call struct {
	door   string
	method string        // "connsvc.v1.ConnectionService/GetEnhancedConnection", or unknownMethod
	target string        // the path or method that was asked for, where it is unknown
	wire   wire          //
	req    proto.Message // made by the generated handler, filled in by transfer; nil where method is unknown

	id                string // request ID
	project           string // as the REST path says; gRPC's is in req
	failure           *apierror.Error
	httpStatus        int // of REST's answer
	bytesIn, bytesOut int64

	limits *limits // nil until the call is admitted
	held   int64   // bytes that it holds of limits

	mu           sync.Mutex // attempts may end on other goroutines
	upstream     time.Duration
	dliRequestID string
}

type callKey struct{}

func withCall(ctx context.Context, c *call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// callFrom returns the call of ctx, nil where there is none.
func callFrom(ctx context.Context) *call {
	c, _ := ctx.Value(callKey{}).(*call)
	return c
}

// note is the decoder that the generated handler is given: it reads nothing, so
// that a call which is refused before its turn has no body read.
func (c *call) note(req any) error {
	c.req = req.(proto.Message)
	return nil
}

// projectID returns the project of the call where it could be one: at most 64
// letters and digits.
func (c *call) projectID() string {
	id := c.project
	if r, ok := c.req.(interface{ GetProjectId() string }); ok && id == "" {
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

// addAttempt adds an attempt at DLI to the call.
func (c *call) addAttempt(d time.Duration, requestID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.upstream += d
	if requestID != "" {
		c.dliRequestID = requestID
	}
}

// attempts returns the time spent in DLI and the ID of DLI's last answer.
func (c *call) attempts() (time.Duration, string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upstream, c.dliRequestID
}
