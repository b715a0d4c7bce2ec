package stage

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Client calls connsvc over one of its two APIs.
type Client interface {
	// Name is grpc or rest.
	Name() string
	// Call calls an RPC by its full method name and fills resp if it succeeds, when
	// it returns nil.
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Failure
	// Close closes the client's connections.
	Close() error
}

// A Failure is the error of a call, as the caller sees it.
type Failure struct {
	Code       codes.Code
	Reason     string // empty: no response of connsvc
	RetryAfter time.Duration
	Metadata   map[string]string // of ErrorInfo
	Resource   string            // name in ResourceInfo
	Message    string
	Report     *connsvcv1.ApplyReport // of an apply; nil: none
}

// Error makes a Failure an error.
func (r *Failure) Error() string {
	return fmt.Sprintf("%s/%s (retry after %v, %v): %s", r.Code, r.Reason, r.RetryAfter, r.Metadata, r.Message)
}

// NoResponse reports whether the call ended without a response of connsvc: the
// connection broke, or the deadline passed.
func (r *Failure) NoResponse() bool { return r != nil && r.Reason == "" }

// Outcome returns the reason of the failure, or OK.
func (r *Failure) Outcome() string {
	switch {
	case r == nil:
		return "OK"
	case r.NoResponse():
		return "no response"
	default:
		return r.Reason
	}
}

// add reads a detail of the status.
func (r *Failure) add(detail any) {
	switch d := detail.(type) {
	case *errdetails.ErrorInfo:
		r.Reason, r.Metadata = d.GetReason(), d.GetMetadata()
	case *errdetails.RetryInfo:
		r.RetryAfter = d.GetRetryDelay().AsDuration()
	case *connsvcv1.ApplyReport:
		r.Report = d
	case *errdetails.ResourceInfo:
		r.Resource = d.GetResourceName()
	}
}
