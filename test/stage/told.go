package stage

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
)

// A Door is a way to call connsvc.
type Door interface {
	// Name is grpc or rest.
	Name() string
	// Call makes the call of an RPC that is named by its full method, and fills resp
	// where it succeeds. Nil means success.
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Refusal
	// Close gives the door's connections up.
	Close() error
}

// A Refusal is what a caller was told of a call that did not succeed.
type Refusal struct {
	Code       codes.Code
	Reason     string // empty: connsvc told nothing
	RetryAfter time.Duration
	Metadata   map[string]string // of ErrorInfo
	Resource   string            // name in ResourceInfo
	Message    string
}

// Error makes a Refusal an error.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s/%s (retry after %v, %v): %s", r.Code, r.Reason, r.RetryAfter, r.Metadata, r.Message)
}

// Lost reports whether connsvc gave no answer of its own: it was cut off, or the
// caller gave up.
func (r *Refusal) Lost() bool { return r != nil && r.Reason == "" }

// Told returns the reason, OK where there is no refusal.
func (r *Refusal) Told() string {
	switch {
	case r == nil:
		return "OK"
	case r.Lost():
		return "nothing"
	default:
		return r.Reason
	}
}

// add takes what a detail of the status says.
func (r *Refusal) add(detail any) {
	switch d := detail.(type) {
	case *errdetails.ErrorInfo:
		r.Reason, r.Metadata = d.GetReason(), d.GetMetadata()
	case *errdetails.RetryInfo:
		r.RetryAfter = d.GetRetryDelay().AsDuration()
	case *errdetails.ResourceInfo:
		r.Resource = d.GetResourceName()
	}
}
