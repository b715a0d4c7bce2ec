package validation

import (
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// textField returns the check of a string without presence; nil without rules.
func (qs quickener) textField(fd protoreflect.FieldDescriptor) (func(string) int, error) {
	resolved, err := protovalidate.ResolveFieldRules(fd)
	if err != nil {
		return nil, err
	}
	rules := copied(resolved, &validate.FieldRules{})
	return qs.text(rules, takeAbsence(rules, false))
}

// text returns the check of a string, where none says what the empty one means; nil
// without rules. It takes the rules that it knows out of rules.
func (qs quickener) text(rules *validate.FieldRules, none absence) (func(string) int, error) {
	holds, err := qs.textPredicates(rules)
	if err != nil || len(holds) == 0 && !none.offends {
		return nil, err
	}
	return func(s string) int {
		if s == "" && (none.offends || none.excuses) {
			return count(none.offends)
		}
		n := 0
		for _, h := range holds {
			n += count(!h(s))
		}
		return n
	}, nil
}

// textPredicates takes the rules of a string and returns a predicate for each.
func (qs quickener) textPredicates(rules *validate.FieldRules) ([]func(string) bool, error) {
	var holds []func(string) bool
	for _, rule := range rules.GetCel() {
		p := qs.predicates[celRule{rule.GetId(), rule.GetExpression()}]
		if p.text == nil {
			return nil, unknownRule(rule)
		}
		holds = append(holds, p.text)
	}
	rules.SetCel(nil)
	r := rules.GetString()
	if r.GetUuid() {
		holds = append(holds, isUUID)
		r.ClearUuid()
	}
	if r.GetIpv4() {
		holds = append(holds, isIPv4)
		r.ClearIpv4()
	}
	if r.HasMaxLen() {
		holds = append(holds, noLongerThan(r.GetMaxLen()))
		r.ClearMaxLen()
	}
	if in := r.GetIn(); len(in) > 0 {
		holds = append(holds, func(s string) bool { return slices.Contains(in, s) })
		r.SetIn(nil)
	}
	return holds, onlyKnownOfField(rules)
}
