package apierror

import "github.com/connsvc/connsvc/internal/validation"

// Invalid returns the error of a field that breaks a rule which the contract cannot
// express.
func Invalid(field, rule, message string) *Error {
	return FromValidation(&validation.Error{
		Violations: []validation.Violation{{Field: field, RuleID: rule, Message: message}},
		Total:      1,
	})
}
