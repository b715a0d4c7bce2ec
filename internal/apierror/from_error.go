package apierror

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

// From returns the Error of any error: of decoding, validation, a call to DLI, a
// context, of gRPC itself; anything else is INTERNAL with a constant text. It returns
// nil for nil alone.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if isNil(err) {
		return New(connsvcv1.ErrorReason_INTERNAL, "", errNilPointer)
	}
	if e, ok := Find[Error](err); ok {
		return e
	}
	// An upstream error comes before what it may wrap: the *dlijson.Error of a malformed
	// response is not about the caller's request.
	if e, ok := Find[upstream.Error](err); ok {
		return fromUpstream(e, Subject{})
	}
	if e, ok := Find[validation.Error](err); ok {
		return fromValidation(e)
	}
	if e, ok := Find[http.MaxBytesError](err); ok {
		return New(connsvcv1.ErrorReason_BODY_TOO_LARGE,
			fmt.Sprintf("the request is larger than the limit of %d bytes", e.Limit), err)
	}
	if e, ok := Find[dlijson.Error](err); ok {
		return fromDecoding(e)
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return New(connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "", err)
	case errors.Is(err, context.Canceled):
		return New(connsvcv1.ErrorReason_CALLER_CANCELLED, "", err)
	}
	return fromStatus(err)
}

// FromDLI returns the *Error of a failed call to DLI that was about s; nil for nil.
func FromDLI(err error, s Subject) error {
	if err == nil {
		return nil
	}
	if isNil(err) {
		return From(err)
	}
	if _, mapped := Find[Error](err); !mapped {
		if u, ok := Find[upstream.Error](err); ok {
			return fromUpstream(u, s)
		}
	}
	return From(err)
}

// Find is errors.As that does not find nil pointers.
func Find[T any, P interface {
	*T
	error
}](err error) (P, bool) {
	var p P
	ok := errors.As(err, &p) && p != nil
	return p, ok
}

var errNilPointer = errors.New("an error that is a nil pointer")

// isNil reports whether err is a nil pointer, whose methods may panic.
func isNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func fromValidation(v *validation.Error) *Error {
	message := ""
	if len(v.Violations) > 0 {
		first := v.Violations[0]
		message = "request is not valid: " + first.Message
		if first.Field != "" {
			message = "request is not valid: " + first.Field + ": " + first.Message
		}
		if v.Total > 1 {
			message += fmt.Sprintf(" (and %d more)", v.Total-1)
		}
	}
	e := New(connsvcv1.ErrorReason_VALIDATION_FAILED, message, nil)
	e.Violations, e.Total = v.Violations, max(v.Total, len(v.Violations))
	return e
}

func fromDecoding(d *dlijson.Error) *Error {
	return Invalid(d.Path, decodingRule(d.Kind), d.Message)
}

// decodingRule is the rule ID of a decoding error.
func decodingRule(kind dlijson.Kind) string {
	switch kind {
	case dlijson.UnknownField:
		return "json.unknown_field"
	case dlijson.Type:
		return "json.type"
	case dlijson.Range:
		return "json.range"
	case dlijson.Duplicate:
		return "json.duplicate"
	case dlijson.Encoding:
		return "json.encoding"
	case dlijson.Depth:
		return "json.depth"
	default:
		return "json.syntax"
	}
}

// fromStatus keeps the code of a status of gRPC itself, but not its text, which is
// about connsvc's insides.
func fromStatus(err error) *Error {
	st, ok := status.FromError(err)
	if !ok {
		return New(connsvcv1.ErrorReason_INTERNAL, "", err)
	}
	return New(reasonOfStatus(st), "", err)
}

func reasonOfStatus(st *status.Status) connsvcv1.ErrorReason {
	switch st.Code() {
	case codes.ResourceExhausted:
		if strings.Contains(st.Message(), "send") {
			return connsvcv1.ErrorReason_ANSWER_TOO_LARGE
		}
		return connsvcv1.ErrorReason_BODY_TOO_LARGE
	case codes.InvalidArgument:
		return connsvcv1.ErrorReason_VALIDATION_FAILED
	case codes.Unimplemented:
		return connsvcv1.ErrorReason_METHOD_NOT_FOUND
	case codes.Unauthenticated:
		return connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED
	case codes.PermissionDenied:
		return connsvcv1.ErrorReason_POLICY_DENIED
	case codes.NotFound:
		return connsvcv1.ErrorReason_RESOURCE_NOT_FOUND
	case codes.Unavailable:
		return connsvcv1.ErrorReason_OVERLOADED
	case codes.DeadlineExceeded:
		return connsvcv1.ErrorReason_UPSTREAM_TIMEOUT
	case codes.Canceled:
		return connsvcv1.ErrorReason_CALLER_CANCELLED
	default:
		return connsvcv1.ErrorReason_INTERNAL
	}
}
