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

// FromError returns the Error of any error: of a decoding, a validation, an
// upstream call, a context, of gRPC itself; anything else is INTERNAL with a
// constant text. It returns nil for nil alone.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	if IsNil(err) {
		return New(connsvcv1.ErrorReason_INTERNAL, "", errNilPointer)
	}
	if e, ok := Find[Error](err); ok {
		return e
	}
	// Before everything that an upstream error may wrap: a malformed answer of DLI
	// holds a *dlijson.Error, and is no fault of the caller's request.
	if e, ok := Find[upstream.Error](err); ok {
		return FromUpstream(e, Subject{})
	}
	if e, ok := Find[validation.Error](err); ok {
		return FromValidation(e)
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

// Find is errors.As that takes no nil pointer for an answer.
func Find[T any, P interface {
	*T
	error
}](err error) (P, bool) {
	var p P
	ok := errors.As(err, &p) && p != nil
	return p, ok
}

var errNilPointer = errors.New("an error that is a nil pointer")

// IsNil tells the error that a nil *T becomes when it is returned as error:
// to unwrap it, or to ask for its text, may panic.
func IsNil(err error) bool {
	v := reflect.ValueOf(err)
	return v.Kind() == reflect.Pointer && v.IsNil()
}

func FromValidation(v *validation.Error) *Error {
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

// decodingRule names what a JSON text broke, as a rule ID beside the contract's.
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

// fromStatus keeps the code of a status that gRPC made itself. Its text is not
// handed on: it is written for who runs connsvc.
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
