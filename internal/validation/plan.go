package validation

import (
	"fmt"
	"math"
	"reflect"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// A plan is how messages of one type are checked.
type plan struct {
	quick  *quick      // nil if a rule has no predicate
	slow   error       // which rule that is
	fields []fieldPlan // those that can hold too much
	hosts  *hostsPlan  // nil if the type has no hosts
}

// A fieldPlan bounds a list, or the lists in a message field.
type fieldPlan struct {
	field  protoreflect.FieldDescriptor
	enough int   // items that break max_items: one more than it allows
	inner  *plan // of the message or of each item; nil for scalars
}

// planner makes a plan once for each message type.
type planner map[protoreflect.MessageDescriptor]*plan

// plan returns the plan of a message type, and makes those of all types in it.
func (ps planner) plan(md protoreflect.MessageDescriptor) (*plan, error) {
	if p, ok := ps[md]; ok {
		return p, nil
	}
	p := &plan{}
	ps[md] = p // before its fields: a type may hold itself
	fields := md.Fields()
	for i := range fields.Len() {
		if err := ps.add(p, fields.Get(i)); err != nil {
			return nil, fmt.Errorf("reading the rules of %s: %w", fields.Get(i).FullName(), err)
		}
	}
	mt, err := protoregistry.GlobalTypes.FindMessageByName(md.FullName())
	if err != nil {
		return nil, err
	}
	p.quick, p.slow = newQuick(reflect.TypeOf(mt.Zero().Interface()).Elem(), md)
	return p, nil
}

// add adds to p what one field of its message calls for.
func (ps planner) add(p *plan, field protoreflect.FieldDescriptor) error {
	if field.IsMap() || field.Message() == nil && !field.IsList() {
		return nil
	}
	rules, err := protovalidate.ResolveFieldRules(field)
	if err != nil {
		return err
	}
	fp := fieldPlan{field: field, enough: math.MaxInt}
	if repeated := rules.GetRepeated(); repeated.HasMaxItems() && repeated.GetMaxItems() < math.MaxInt {
		fp.enough = int(repeated.GetMaxItems()) + 1
	}
	if md := field.Message(); md != nil {
		if fp.inner, err = ps.plan(md); err != nil {
			return err
		}
		if p.hosts == nil && field.IsList() && md == hostDescriptor() && fp.inner.quick != nil {
			p.hosts = newHostsPlan(fp, proto.CloneOf(rules))
		}
	}
	p.fields = append(p.fields, fp)
	return nil
}

// trim returns msg with each list that is too long cut after the item that makes
// it so, or msg itself if none is. It does not change msg, and what it returns
// shares all else with it.
func (p *plan) trim(msg protoreflect.Message) protoreflect.Message {
	trimmed := msg
	for _, f := range p.fields {
		if !msg.Has(f.field) {
			continue
		}
		value, changed := f.trim(msg, msg.Get(f.field))
		if !changed {
			continue
		}
		if trimmed == msg {
			trimmed = shallowCopy(msg)
		}
		trimmed.Set(f.field, value)
	}
	return trimmed
}

// trim returns the trimmed value of a field of msg, and whether it differs.
func (f *fieldPlan) trim(msg protoreflect.Message, value protoreflect.Value) (protoreflect.Value, bool) {
	if !f.field.IsList() {
		inner := f.inner.trim(value.Message())
		return protoreflect.ValueOfMessage(inner), inner != value.Message()
	}
	list := value.List()
	n := min(list.Len(), f.enough)
	changed := n < list.Len()
	if !changed && (f.inner == nil || len(f.inner.fields) == 0) {
		return value, false
	}
	cut := msg.NewField(f.field).List()
	for i := range n {
		item := list.Get(i)
		if f.inner != nil {
			inner := f.inner.trim(item.Message())
			changed = changed || inner != item.Message()
			item = protoreflect.ValueOfMessage(inner)
		}
		cut.Append(item)
	}
	return protoreflect.ValueOfList(cut), changed
}

// shallowCopy copies the fields alone: a copy of the struct would copy the lock
// and the caches in it.
func shallowCopy(msg protoreflect.Message) protoreflect.Message {
	c := msg.New()
	msg.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		c.Set(field, value)
		return true
	})
	return c
}
