package validation

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A check returns how many rules a value breaks: never 0 where protovalidate finds
// one. Of a list that is too long or too short it says 1 and looks no further.
type check func(v reflect.Value) int

// A quick checks messages of one type by the type's rules in the contract, but on
// the fields of the generated struct and with a Go predicate in the place of each
// rule: protovalidate takes ten times as long, or a hundred. A type with a rule
// that has no predicate has no quick either.
type quick struct {
	fields []quickField
	rules  []check // of the message as a whole, on its pointer
}

type quickField struct {
	place int // in the struct
	check check
	text  func(string) int // instead of check, for a string: the way of most fields is short
}

// broken returns how many rules m breaks. A nil message, which protovalidate takes
// for an empty one, counts as one.
func (q *quick) broken(m proto.Message) int { return q.brokenBy(reflect.ValueOf(m)) }

// brokenBy is broken for the pointer to the struct.
func (q *quick) brokenBy(pointer reflect.Value) int {
	if pointer.IsNil() {
		return 1
	}
	n, v := 0, pointer.Elem()
	for i := range q.fields {
		f := &q.fields[i]
		if f.text != nil {
			n += f.text(v.Field(f.place).String())
		} else {
			n += f.check(v.Field(f.place))
		}
	}
	for _, rule := range q.rules {
		n += rule(pointer)
	}
	return n
}

// A quickener makes the quick of a message type, and those of the types in it. It
// is for one such type: after an error, what it made is not whole.
type quickener struct {
	predicates map[celRule]predicate
	made       map[protoreflect.MessageDescriptor]*quick
}

// newQuick makes the quick of a message type, whose generated struct is t. Its
// error names the rule that has no predicate.
func newQuick(t reflect.Type, md protoreflect.MessageDescriptor) (*quick, error) {
	qs := quickener{predicates: predicates(), made: make(map[protoreflect.MessageDescriptor]*quick)}
	return qs.message(t, md)
}

func (qs quickener) message(t reflect.Type, md protoreflect.MessageDescriptor) (*quick, error) {
	if q, ok := qs.made[md]; ok {
		return q, nil
	}
	q := &quick{}
	qs.made[md] = q // before its fields: a type may hold itself
	var err error
	if q.rules, err = qs.messageRules(t, md); err != nil {
		return nil, fmt.Errorf("%s: %w", md.FullName(), err)
	}
	places := placesIn(t)
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		place, ok := places[fd.Number()]
		if !ok {
			return nil, fmt.Errorf("%s: not in the generated struct", fd.FullName())
		}
		f := quickField{place: place}
		if fd.Kind() == protoreflect.StringKind && !fd.IsList() && !fd.HasPresence() {
			f.text, err = qs.textField(fd)
		} else {
			f.check, err = qs.field(fd, t.Field(place).Type)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", fd.FullName(), err)
		}
		if f.check != nil || f.text != nil {
			q.fields = append(q.fields, f)
		}
	}
	return q, nil
}

func (qs quickener) messageRules(t reflect.Type, md protoreflect.MessageDescriptor) ([]check, error) {
	for i := range md.Oneofs().Len() {
		if !md.Oneofs().Get(i).IsSynthetic() {
			return nil, errors.New("a oneof")
		}
	}
	resolved, err := protovalidate.ResolveMessageRules(md)
	if err != nil {
		return nil, err
	}
	rules := copied(resolved, &validate.MessageRules{})
	checks, err := qs.cel(rules.GetCel(), reflect.PointerTo(t))
	if err != nil {
		return nil, err
	}
	rules.SetCel(nil)
	return checks, onlyKnown(rules)
}

// cel returns the checks that stand for CEL rules on values of type t.
func (qs quickener) cel(rules []*validate.Rule, t reflect.Type) ([]check, error) {
	var checks []check
	for _, rule := range rules {
		p, ok := qs.predicates[celRule{rule.GetId(), rule.GetExpression()}]
		if !ok || p.check == nil || !t.AssignableTo(p.of) {
			return nil, unknownRule(rule)
		}
		checks = append(checks, p.check)
	}
	return checks, nil
}

// onlyKnown returns an error if anything is left of rules from which those with a
// predicate were taken: a rule that nobody thought of must not be passed over.
func onlyKnown(rules proto.Message) error {
	if proto.Size(rules) == 0 {
		return nil
	}
	return unknownRule(rules)
}

// onlyKnownOfField is onlyKnown for rules that hold others of the field's kind.
func onlyKnownOfField(rules *validate.FieldRules) error {
	m := rules.ProtoReflect()
	ofKind := m.WhichOneof(m.Descriptor().Oneofs().ByName("type"))
	if ofKind != nil && proto.Size(m.Get(ofKind).Message().Interface()) == 0 {
		m.Clear(ofKind)
	}
	return onlyKnown(rules)
}

func unknownRule(rule proto.Message) error {
	return fmt.Errorf("no predicate stands for %v", rule)
}

// copied returns rules, of which there may be none, in the empty message.
func copied[M proto.Message](rules, empty M) M {
	proto.Merge(empty, rules)
	return empty
}

// placesIn maps field numbers to places in a generated struct, by its tags.
func placesIn(t reflect.Type) map[protoreflect.FieldNumber]int {
	places := make(map[protoreflect.FieldNumber]int)
	for i := range t.NumField() {
		parts := strings.SplitN(t.Field(i).Tag.Get("protobuf"), ",", 3)
		if len(parts) < 3 {
			continue
		}
		if n, err := strconv.ParseInt(parts[1], 10, 32); err == nil {
			places[protoreflect.FieldNumber(n)] = i
		}
	}
	return places
}
