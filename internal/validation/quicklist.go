package validation

import (
	"math"
	"reflect"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// list returns the check of a list held as a t; nil without rules.
func (qs quickener) list(fd protoreflect.FieldDescriptor, t reflect.Type, rules *validate.FieldRules) (check, error) {
	whole, err := qs.cel(rules.GetCel(), t)
	if err != nil {
		return nil, err
	}
	rules.SetCel(nil)
	r := rules.GetRepeated()
	item, err := qs.item(fd, t.Elem(), r.GetItems())
	if err != nil {
		return nil, err
	}
	least, most := 0, math.MaxInt
	if r.HasMinItems() {
		least = clamped(r.GetMinItems())
	}
	if r.HasMaxItems() {
		most = clamped(r.GetMaxItems())
	}
	if texts := on(uniqueTexts); r.GetUnique() && t == texts.of {
		whole = append(whole, texts.check)
		r.ClearUnique()
	}
	if r != nil {
		r.ClearMinItems()
		r.ClearMaxItems()
		r.ClearItems()
	}
	return listCheck(least, most, item, sum(whole)), onlyKnownOfField(rules)
}

// item returns the check of an item, held as a t, of a list; nil without rules.
func (qs quickener) item(fd protoreflect.FieldDescriptor, t reflect.Type, resolved *validate.FieldRules) (check, error) {
	rules := copied(resolved, &validate.FieldRules{})
	if fd.Message() != nil {
		return qs.embedded(fd, t, rules)
	}
	none := takeAbsence(rules, false)
	if none.offends { // protovalidate makes nothing of it
		return nil, unknownRule(resolved)
	}
	c, err := qs.scalar(fd, t, rules)
	return none.or(c, reflect.Value.IsZero), err
}

func listCheck(least, most int, item, whole check) check {
	return func(v reflect.Value) int {
		length, n := v.Len(), 0
		if length < least || length > most {
			return 1
		}
		if item != nil {
			for i := range length {
				n += item(v.Index(i))
			}
		}
		if whole != nil {
			n += whole(v)
		}
		return n
	}
}

// clamped returns a bound as an int: no list is longer than the largest.
func clamped(bound uint64) int { return int(min(bound, math.MaxInt)) } //nolint:gosec // at most MaxInt

// sum returns one check of several; nil of none.
func sum(checks []check) check {
	switch len(checks) {
	case 0:
		return nil
	case 1:
		return checks[0]
	}
	return func(v reflect.Value) int {
		n := 0
		for _, c := range checks {
			n += c(v)
		}
		return n
	}
}

func count(broken bool) int {
	if broken {
		return 1
	}
	return 0
}
