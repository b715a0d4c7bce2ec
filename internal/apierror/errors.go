package apierror

import (
	"fmt"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// An Error is an error with its entry of the error map. GRPCStatus is its form over
// gRPC: small enough for HTTP/2 trailers.
type Error struct {
	Reason     connsvcv1.ErrorReason
	Message    string                 // for the caller: at most 4 KiB
	DLICode    string                 // DLI's error_code, or the one that DLI would give
	HTTPStatus int                    // of the REST response
	RetryAfter time.Duration          // 0: do not retry
	Violations []validation.Violation // of VALIDATION_FAILED: up to validation.MaxViolations
	Total      int                    // of violations
	Err        error                  // the cause, for the log; never sent

	Response  *Response         // DLI's error response; nil without one
	Resource  *Resource         // what the error is about; may be nil
	Subject   string            // the owner of the quota or state, as in "project:abc"; may be empty
	Metadata  map[string]string // further metadata of ErrorInfo, such as existing_connection_id
	RequestID string            // of the call at connsvc; empty until WithRequestID
	Report    proto.Message     // a further detail, of at most 1,000 bytes; may be nil
}

// A Response is what an error response of DLI contained.
type Response struct {
	Code       string // its error_code; may be empty
	RequestID  string // DLI's request ID; may be empty
	HTTPStatus int
}

// A Resource is what an error is about, as google.rpc.ResourceInfo names it.
type Resource struct {
	Type        string // one of the Type constants
	Name        string // its ID where it has one, else its name; may be empty
	Description string // may be empty
}

// The types of Resource.
const (
	TypeConnection = "connsvc.v1/EnhancedConnection"
	TypeQueue      = "connsvc.v1/Queue"
	TypePool       = "connsvc.v1/ElasticResourcePool"
	TypeRoute      = "connsvc.v1/Route"

	TypeConnectivityTest = "connsvc.v1/ConnectivityTest"
)

// New returns an Error with the map's entry of the reason. An empty message stands for
// that of the map; a reason without an entry is INTERNAL.
func New(reason connsvcv1.ErrorReason, message string, cause error) *Error {
	row, ok := rowOf(reason)
	if !ok {
		reason = connsvcv1.ErrorReason_INTERNAL
		row, _ = rowOf(reason)
	}
	if message == "" {
		message = row.message
	}
	return &Error{
		Reason:     reason,
		Message:    truncate(message, maxMessageBytes),
		DLICode:    row.dliCode,
		HTTPStatus: row.http,
		RetryAfter: row.retryAfter,
		Err:        cause,
	}
}

// Error returns the reason, the message and the cause: text for a log.
func (e *Error) Error() string {
	switch {
	case e == nil:
		return "no error"
	case e.Err != nil:
		return fmt.Sprintf("%s: %s: %v", e.Reason, e.Message, e.Err)
	default:
		return fmt.Sprintf("%s: %s", e.Reason, e.Message)
	}
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error {
	if e == nil {
		return nil
	}
	return e.Err
}

// Code returns the gRPC code of the error: never OK.
func (e *Error) Code() codes.Code {
	if e == nil {
		return codes.Internal
	}
	if row, ok := rowOf(e.Reason); ok {
		return row.code
	}
	return codes.Internal
}

// ErrorCode returns the error_code of the REST response: DLICode. On a read, DLI.0001 says
// that the connection is missing and nothing else, as Terraform takes it so.
func (e *Error) ErrorCode(read bool) string {
	if !read || e.DLICode != missingConnectionCode || e.Reason == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
		return e.DLICode
	}
	if row, _ := rowOf(e.Reason); row.dliCode != missingConnectionCode {
		return row.dliCode
	}
	return invalidReadCode
}

// WithRequestID returns a copy whose details contain connsvc's ID of the call.
func (e *Error) WithRequestID(id string) *Error {
	c := *e
	c.RequestID = id
	return &c
}

// ReasonOf is the reason of an error; NoReason for nil.
func ReasonOf(err error) connsvcv1.ErrorReason {
	if err == nil {
		return NoReason
	}
	return From(err).Reason
}
