package apierror_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

func TestFrom(t *testing.T) {
	decoding := &dlijson.Error{Kind: dlijson.UnknownField, Path: "hosts[3].adress", Message: `unknown field, the nearest is "ip"`}
	for name, c := range map[string]struct {
		err     error
		reason  connsvcv1.ErrorReason
		message string
	}{
		"validation": {
			&validation.Error{Violations: []validation.Violation{
				{Field: "name", RuleID: "connection.name", Message: "must be short"}, {Field: "hosts[0].ip"},
			}, Total: 7},
			connsvcv1.ErrorReason_VALIDATION_FAILED, "request is not valid: name: must be short (and 6 more)",
		},
		"validation of the whole": {
			&validation.Error{Violations: []validation.Violation{{RuleID: "queues.none", Message: "at least one"}}, Total: 1},
			connsvcv1.ErrorReason_VALIDATION_FAILED, "request is not valid: at least one",
		},
		"validation that says nothing": {
			&validation.Error{}, connsvcv1.ErrorReason_VALIDATION_FAILED, "the request is not valid",
		},
		"decoding": {
			fmt.Errorf("reading the body: %w", decoding), connsvcv1.ErrorReason_VALIDATION_FAILED,
			`request is not valid: hosts[3].adress: unknown field, the nearest is "ip"`,
		},
		"decoding of DLI's response": {
			&upstream.Error{Kind: upstream.Malformed, HTTPStatus: 200, Err: decoding},
			connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned an error or an invalid response",
		},
		"DLI's deadline": {
			&upstream.Error{Kind: upstream.Unreachable, Err: context.DeadlineExceeded},
			connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE, "DLI is unavailable; retry later",
		},
		"body over the limit": {
			fmt.Errorf("reading: %w", &http.MaxBytesError{Limit: 16 << 20}),
			connsvcv1.ErrorReason_BODY_TOO_LARGE, "the request is larger than the limit of 16777216 bytes",
		},
		"deadline": {
			fmt.Errorf("x: %w", context.DeadlineExceeded),
			connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "DLI did not respond in time",
		},
		"cancelled": {context.Canceled, connsvcv1.ErrorReason_CALLER_CANCELLED, "the caller cancelled the call"},
		"anything":  {errors.New("secret"), connsvcv1.ErrorReason_INTERNAL, "internal error"},
		"gRPC: received too much": {
			status.Error(codes.ResourceExhausted, "grpc: received message larger than max (5 vs. 4)"),
			connsvcv1.ErrorReason_BODY_TOO_LARGE, "the request is larger than the limit",
		},
		"gRPC: sends too much": {
			status.Error(codes.ResourceExhausted, "trying to send message larger than max (5 vs. 4)"),
			connsvcv1.ErrorReason_ANSWER_TOO_LARGE, "the response is larger than the limit: ask for less",
		},
		"gRPC: OK that is an error": {
			errors.Join(status.Error(codes.DataLoss, "secret")), connsvcv1.ErrorReason_INTERNAL, "internal error",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := apierror.From(c.err)
			if got.Reason != c.reason || got.Message != c.message {
				t.Errorf("got %v: %q\nwant %v: %q", got.Reason, got.Message, c.reason, c.message)
			}
		})
	}
}

func TestFromKeepsGRPCCodes(t *testing.T) {
	for _, code := range []codes.Code{
		codes.ResourceExhausted, codes.InvalidArgument, codes.Unimplemented, codes.Unauthenticated, codes.PermissionDenied,
		codes.NotFound, codes.Unavailable, codes.DeadlineExceeded, codes.Canceled, codes.Internal,
	} {
		e := apierror.From(fmt.Errorf("wrapped: %w", status.Error(code, "grpc: something")))
		if got := e.GRPCStatus().Code(); got != code {
			t.Errorf("%v became %v", code, got)
		}
	}
}

func TestFromReturnsTheErrorItself(t *testing.T) {
	want := apierror.New(connsvcv1.ErrorReason_OVERLOADED, "full", nil)
	if got := apierror.From(fmt.Errorf("a: %w", fmt.Errorf("b: %w", want))); got != want {
		t.Errorf("got %v", got)
	}
	if got := apierror.From(nil); got != nil {
		t.Errorf("the error of nil is %v", got)
	}
}

func TestDecodingErrorIsAViolation(t *testing.T) {
	for kind, rule := range map[dlijson.Kind]string{
		dlijson.Syntax: "json.syntax", dlijson.UnknownField: "json.unknown_field", dlijson.Type: "json.type",
		dlijson.Range: "json.range", dlijson.Duplicate: "json.duplicate", dlijson.Encoding: "json.encoding",
		dlijson.Depth: "json.depth",
	} {
		got := apierror.From(&dlijson.Error{Kind: kind, Path: "a.b", Message: "expected a string"})
		want := []validation.Violation{{Field: "a.b", RuleID: rule, Message: "expected a string"}}
		if d := cmp.Diff(want, got.Violations); d != "" || got.Total != 1 {
			t.Errorf("%s: total %d (-want +got)\n%s", rule, got.Total, d)
		}
	}
}

func TestNilPointerIsInternal(t *testing.T) {
	for _, err := range []error{
		(*apierror.Error)(nil), (*upstream.Error)(nil), (*validation.Error)(nil), (*dlijson.Error)(nil), (*http.MaxBytesError)(nil),
	} {
		if e := apierror.From(err); e == nil || e.Reason != connsvcv1.ErrorReason_INTERNAL {
			t.Errorf("%T became %v", err, e)
		}
		if e := apierror.From(apierror.FromDLI(err, apierror.Subject{})); e == nil || e.Reason != connsvcv1.ErrorReason_INTERNAL {
			t.Errorf("%T of a call to DLI became %v", err, e)
		}
	}
}

func TestNilErrorDoesNotPanic(t *testing.T) {
	var e *apierror.Error
	if got := e.GRPCStatus().Code(); got != codes.Internal {
		t.Errorf("status %v", got)
	}
	if e.Code() != codes.Internal || e.Error() == "" || e.Unwrap() != nil {
		t.Errorf("code %v, text %q", e.Code(), e.Error())
	}
}
