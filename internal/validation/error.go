package validation

import (
	"fmt"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxViolations is the most violations that an Error lists.
const MaxViolations = 1000

// A Violation is a rule that a field breaks.
type Violation struct {
	Field   string // its path in JSON names, as in "hosts[3].ip"; empty for the request as a whole
	RuleID  string // as in "host.name"
	Message string // what is allowed; never contains the value
}

// String returns the violation as "field: message (rule)".
func (v Violation) String() string {
	text := v.Message + " (" + v.RuleID + ")"
	if v.Field == "" {
		return text
	}
	return v.Field + ": " + text
}

// An Error reports that a request is not valid.
type Error struct {
	Violations []Violation // the first MaxViolations
	Total      int         // the number of all violations
}

// Error returns the first violation and the number of others.
func (e *Error) Error() string {
	if len(e.Violations) == 0 {
		return "the request is not valid"
	}
	text := "the request is not valid: " + e.Violations[0].String()
	if e.Total > 1 {
		text += fmt.Sprintf(", and %d more", e.Total-1)
	}
	return text
}

// newError returns the Error for violations that protovalidate found in a message
// of type md, and as many more as were skipped.
func newError(violations []*protovalidate.Violation, md protoreflect.MessageDescriptor, skipped int) *Error {
	e := &Error{Total: len(violations) + skipped}
	for _, v := range violations[:min(len(violations), MaxViolations)] {
		e.Violations = append(e.Violations, Violation{
			Field:   fieldPath(v.Proto.GetField(), md),
			RuleID:  v.Proto.GetRuleId(),
			Message: v.Proto.GetMessage(),
		})
	}
	return e
}

// fieldPath returns a path in a message of type md in JSON names; protovalidate
// itself prints proto names.
func fieldPath(path *validate.FieldPath, md protoreflect.MessageDescriptor) string {
	var b strings.Builder
	for i, element := range path.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		if md == nil || !element.HasFieldNumber() { // a oneof has no JSON name
			b.WriteString(element.GetFieldName())
			continue
		}
		field := md.Fields().ByNumber(protoreflect.FieldNumber(element.GetFieldNumber()))
		b.WriteString(field.JSONName())
		if element.HasIndex() {
			b.WriteString("[" + strconv.FormatUint(element.GetIndex(), 10) + "]")
		}
		md = field.Message()
	}
	return b.String()
}
