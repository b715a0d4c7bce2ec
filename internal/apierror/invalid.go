package apierror

import (
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// Invalid returns the error of a field that violates a rule which the contract does
// not express.
func Invalid(field, rule, message string) *Error {
	return fromValidation(&validation.Error{
		Violations: []validation.Violation{{Field: field, RuleID: rule, Message: message}},
		Total:      1,
	})
}

// Unreadable returns the error of a request that breaks a rule of its transport, before
// any field of it is known. It has one violation, of the request as a whole.
func Unreadable(rule, message string, cause error) *Error {
	e := Invalid("", rule, message)
	e.Err = cause
	return e
}

// NotSent returns the error of a response that could not be sent: its caller is gone.
func NotSent(cause error) *Error {
	return New(connsvcv1.ErrorReason_CALLER_CANCELLED, "the caller did not take the response", cause)
}
