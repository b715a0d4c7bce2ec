package validation

import (
	"errors"
	"reflect"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// field returns the check of a field, held in its struct as a t, that is no plain
// string; nil if the field has no rules.
func (qs quickener) field(fd protoreflect.FieldDescriptor, t reflect.Type) (check, error) {
	if fd.IsMap() {
		return nil, errors.New("a map")
	}
	resolved, err := protovalidate.ResolveFieldRules(fd)
	if err != nil {
		return nil, err
	}
	rules := copied(resolved, &validate.FieldRules{})
	none := takeAbsence(rules, fd.HasPresence())
	switch {
	case fd.IsList():
		value, err := qs.list(fd, t, rules)
		return none.or(value, func(v reflect.Value) bool { return v.Len() == 0 }), err
	case fd.Message() != nil:
		value, err := qs.embedded(fd, t, rules)
		return none.or(value, reflect.Value.IsNil), err
	case fd.HasPresence():
		value, err := qs.scalar(fd, t.Elem(), rules)
		if value != nil {
			pointed := value
			value = func(v reflect.Value) int { return pointed(v.Elem()) }
		}
		return none.or(value, reflect.Value.IsNil), err
	default:
		value, err := qs.scalar(fd, t, rules)
		return none.or(value, reflect.Value.IsZero), err
	}
}

// An absence says what it means that a field is not there: an offence, or that
// no other rule is looked at.
type absence struct{ offends, excuses bool }

// takeAbsence takes out of rules what they say of absence.
func takeAbsence(rules *validate.FieldRules, presence bool) absence {
	none := absence{offends: rules.GetRequired(), excuses: presence}
	rules.ClearRequired()
	if rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE {
		none.excuses = true
		rules.ClearIgnore()
	}
	return none
}

// or returns the check of a field that may be absent; value may be nil.
func (none absence) or(value check, absent func(reflect.Value) bool) check {
	if value == nil && !none.offends {
		return nil
	}
	if !none.offends && !none.excuses {
		return value
	}
	return func(v reflect.Value) int {
		if absent(v) {
			return count(none.offends)
		}
		if value == nil {
			return 0
		}
		return value(v)
	}
}

// embedded returns the check of a message, given by its pointer of type t.
func (qs quickener) embedded(fd protoreflect.FieldDescriptor, t reflect.Type, rules *validate.FieldRules) (check, error) {
	if err := onlyKnown(rules); err != nil {
		return nil, err
	}
	q, err := qs.message(t.Elem(), fd.Message())
	if err != nil {
		return nil, err
	}
	return q.brokenBy, nil
}

// scalar returns the check of a value of type t that is no message; nil without
// rules.
func (qs quickener) scalar(fd protoreflect.FieldDescriptor, t reflect.Type, rules *validate.FieldRules) (check, error) {
	if fd.Kind() == protoreflect.StringKind {
		broken, err := qs.text(rules, absence{})
		if broken == nil || err != nil {
			return nil, err
		}
		return func(v reflect.Value) int { return broken(v.String()) }, nil
	}
	checks, err := qs.cel(rules.GetCel(), t)
	if err != nil {
		return nil, err
	}
	rules.SetCel(nil)
	if r := rules.GetInt32(); r.HasGte() {
		least := int64(r.GetGte())
		checks = append(checks, func(v reflect.Value) int { return count(v.Int() < least) })
		r.ClearGte()
	}
	if r := rules.GetEnum(); r.GetDefinedOnly() {
		values := fd.Enum().Values()
		checks = append(checks, func(v reflect.Value) int {
			return count(values.ByNumber(protoreflect.EnumNumber(v.Int())) == nil) //nolint:gosec // an enum is an int32
		})
		r.ClearDefinedOnly()
	}
	return sum(checks), onlyKnownOfField(rules)
}
