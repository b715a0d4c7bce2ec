package validation

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaxViolations is the most violations that an Error lists.
const MaxViolations = 1000

// A Violation is one rule that one field breaks.
type Violation struct {
	Field   string // as in "hosts[3].ip", in JSON names; empty for the request as a whole
	RuleID  string // as in "host.name"
	Message string // says what is allowed; never holds the value
}

// String returns the violation as "field: message (rule)".
func (v Violation) String() string {
	text := v.Message + " (" + v.RuleID + ")"
	if v.Field == "" {
		return text
	}
	return v.Field + ": " + text
}

// An Error lists the violations of a request: the first MaxViolations.
type Error struct {
	Violations []Violation
	Total      int // how many there are, listed or not
}

// Error names the first violation and how many there are beside it.
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

// findings are violations on their way into an Error. The place of a violation is
// the index of the field of the message it is in, -1 for the message as a whole.
type findings struct {
	violations []Violation
	places     []int
	total      int
}

// found takes over what protovalidate found in a message of type md.
func found(err *protovalidate.ValidationError, md protoreflect.MessageDescriptor) findings {
	f := findings{total: len(err.Violations)}
	for _, v := range err.Violations {
		path := v.Proto.GetField()
		f.violations = append(f.violations, Violation{
			Field:   fieldPath(path, md),
			RuleID:  v.Proto.GetRuleId(),
			Message: v.Proto.GetMessage(),
		})
		f.places = append(f.places, place(path, md))
	}
	return f
}

// insert puts the findings in the field at index behind those that come no later.
func (f findings) insert(inField findings, index int) findings {
	at := slices.IndexFunc(f.places, func(place int) bool { return place > index })
	if at < 0 {
		at = len(f.places)
	}
	f.violations = slices.Insert(f.violations, at, inField.violations...)
	f.places = slices.Insert(f.places, at, inField.places...)
	f.total += inField.total
	return f
}

// err returns nil if there are no findings.
func (f findings) err() error {
	if f.total == 0 {
		return nil
	}
	return &Error{
		Violations: slices.Clip(f.violations[:min(len(f.violations), MaxViolations)]),
		Total:      f.total,
	}
}

func place(path *validate.FieldPath, md protoreflect.MessageDescriptor) int {
	if elements := path.GetElements(); len(elements) > 0 {
		if field := fieldOf(elements[0], md); field != nil {
			return field.Index()
		}
	}
	return -1
}

// fieldPath prints a path in a message of type md in JSON names, which
// protovalidate itself does in proto names.
func fieldPath(path *validate.FieldPath, md protoreflect.MessageDescriptor) string {
	var b strings.Builder
	for i, element := range path.GetElements() {
		if i > 0 {
			b.WriteByte('.')
		}
		field := fieldOf(element, md)
		if field == nil { // a oneof, which has no JSON name
			b.WriteString(element.GetFieldName())
			continue
		}
		b.WriteString(field.JSONName())
		if element.HasIndex() {
			b.WriteString("[" + strconv.FormatUint(element.GetIndex(), 10) + "]")
		}
		md = field.Message()
	}
	return b.String()
}

func fieldOf(element *validate.FieldPathElement, md protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if md == nil || !element.HasFieldNumber() {
		return nil
	}
	return md.Fields().ByNumber(protoreflect.FieldNumber(element.GetFieldNumber()))
}
