package validation

import (
	"fmt"
	"reflect"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// Slow returns, for each type that has no quick check, why.
func (v *Validator) Slow() []error {
	var all []error
	for md, p := range v.plans {
		if p.slow != nil {
			all = append(all, fmt.Errorf("%s: %w", md.FullName(), p.slow))
		}
	}
	return all
}

// Quick reports whether the quick check alone knows m to be valid.
func (v *Validator) Quick(m proto.Message) bool {
	return v.plans[m.ProtoReflect().Descriptor()].quick.broken(m) == 0
}

// WithoutProtovalidate returns a Validator that panics if it needs protovalidate.
func (v *Validator) WithoutProtovalidate() *Validator { return &Validator{plans: v.plans} }

// WithoutQuick returns a Validator that asks protovalidate about every request,
// as for one with a rule that has no predicate.
func (v *Validator) WithoutQuick() *Validator {
	plans := make(map[protoreflect.MessageDescriptor]*plan)
	for md, p := range v.plans {
		slow := *p
		slow.quick = nil
		plans[md] = &slow
	}
	return &Validator{v.stock, plans}
}

// QuickOf makes the quick check of m's type by the rules of another descriptor.
func QuickOf(m proto.Message, md protoreflect.MessageDescriptor) error {
	_, err := newQuick(reflect.TypeOf(m).Elem(), md)
	return err
}

// BrokenByHost returns how many rules the quick check says a host breaks.
func (v *Validator) BrokenByHost(host *connsvcv1.Host) int {
	return v.plans[hostDescriptor()].quick.broken(host)
}

// TextCheck returns the quick check of a string without presence.
func TextCheck(rules *validate.FieldRules) (func(string) int, error) {
	rules = proto.CloneOf(rules)
	return quickener{predicates: predicates()}.text(rules, takeAbsence(rules, false))
}
