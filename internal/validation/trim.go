package validation

import (
	"fmt"
	"math"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// limits is the max_items of each list in a request.
type limits map[protoreflect.FieldDescriptor]int

// add adds the limits of the lists in a message type.
func (l limits) add(md protoreflect.MessageDescriptor) error {
	for i := range md.Fields().Len() {
		field := md.Fields().Get(i)
		rules, err := protovalidate.ResolveFieldRules(field)
		if err != nil {
			return fmt.Errorf("reading the rules of %s: %w", field.FullName(), err)
		}
		if repeated := rules.GetRepeated(); repeated.HasMaxItems() && repeated.GetMaxItems() < math.MaxInt {
			l[field] = int(repeated.GetMaxItems())
		}
	}
	return nil
}

// trim returns msg with each list that is too long cut behind the item that exceeds
// the limit, or msg itself if there is none. It leaves msg unchanged: the result is
// a shallow copy.
func (l limits) trim(msg protoreflect.Message) protoreflect.Message {
	trimmed := msg
	msg.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		changed := false
		switch {
		case field.IsList():
			value, changed = l.trimList(msg, field, value)
		case field.Message() != nil && !field.IsMap():
			inner := l.trim(value.Message())
			changed = inner != value.Message()
			value = protoreflect.ValueOfMessage(inner)
		}
		if changed {
			if trimmed == msg {
				trimmed = shallowCopy(msg)
			}
			trimmed.Set(field, value)
		}
		return true
	})
	return trimmed
}

// trimList returns the trimmed list of a field of msg, and whether it differs.
func (l limits) trimList(msg protoreflect.Message, field protoreflect.FieldDescriptor, value protoreflect.Value) (protoreflect.Value, bool) {
	list := value.List()
	n := list.Len()
	if limit, ok := l[field]; ok {
		n = min(n, limit+1)
	}
	changed, nested := n < list.Len(), hasLists(field.Message())
	if !changed && !nested {
		return value, false
	}
	cut := msg.NewField(field).List()
	for i := range n {
		item := list.Get(i)
		if nested {
			inner := l.trim(item.Message())
			changed = changed || inner != item.Message()
			item = protoreflect.ValueOfMessage(inner)
		}
		cut.Append(item)
	}
	return protoreflect.ValueOfList(cut), changed
}

// hasLists reports whether messages of a type, which may be nil, may hold a list.
func hasLists(md protoreflect.MessageDescriptor) bool {
	if md == nil {
		return false
	}
	for i := range md.Fields().Len() {
		if field := md.Fields().Get(i); field.IsList() || field.Message() != nil {
			return true
		}
	}
	return false
}

// shallowCopy copies the fields one by one: the struct itself contains a lock.
func shallowCopy(msg protoreflect.Message) protoreflect.Message {
	c := msg.New()
	msg.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		c.Set(field, value)
		return true
	})
	return c
}
