package validation

import (
	"strconv"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A hostsPlan says how the hosts of a request with violations are checked. A
// connection may have 20,000, so that protovalidate sees only those of which the
// quick check says that they break a rule.
type hostsPlan struct {
	fieldPlan
	// bare is true if max_items is the only rule of the list itself, so that
	// protovalidate need not see a list that is short enough.
	bare bool
	// others restricts protovalidate to what is not in the list, rules to the
	// rules of the list itself.
	others, rules protovalidate.ValidationOption
}

// newHostsPlan makes the plan of a list; it may change rules.
func newHostsPlan(f fieldPlan, rules *validate.FieldRules) *hostsPlan {
	rules.GetRepeated().ClearMaxItems()
	if proto.Size(rules.GetRepeated()) == 0 {
		rules.ClearRepeated()
	}
	return &hostsPlan{
		fieldPlan: f,
		bare:      proto.Size(rules) == 0,
		others: protovalidate.WithFilter(protovalidate.FilterFunc(
			func(_ protoreflect.Message, d protoreflect.Descriptor) bool { return d != f.field })),
		rules: protovalidate.WithFilter(protovalidate.FilterFunc(
			func(_ protoreflect.Message, d protoreflect.Descriptor) bool { return d == f.field })),
	}
}

// checkHosts returns what the hosts of msg break, and what the list of them does.
// protovalidate words the violations, of as many bad hosts as an Error can list.
func (v *Validator) checkHosts(p *hostsPlan, msg protoreflect.Message) (findings, error) {
	list := msg.Get(p.field).List()
	var all findings
	if !p.bare || list.Len() >= p.enough {
		var err error
		if all, err = v.check(msg, p.rules); err != nil {
			return findings{}, err
		}
	}
	for i := range list.Len() {
		item := list.Get(i).Message()
		broken := p.inner.quick.broken(item.Interface())
		if broken == 0 {
			continue
		}
		if len(all.violations) >= MaxViolations {
			all.total += broken
			continue
		}
		inHost, err := v.check(item)
		if err != nil {
			return findings{}, err
		}
		all.add(inHost, p.field, i)
	}
	return all, nil
}

// add adds the findings in the item of a list at index i.
func (f *findings) add(inItem findings, list protoreflect.FieldDescriptor, i int) {
	path := list.JSONName() + "[" + strconv.Itoa(i) + "]"
	for _, v := range inItem.violations {
		if v.Field == "" {
			v.Field = path
		} else {
			v.Field = path + "." + v.Field
		}
		f.violations = append(f.violations, v)
		f.places = append(f.places, list.Index())
	}
	f.total += inItem.total
}

func hostDescriptor() protoreflect.MessageDescriptor {
	return (*connsvcv1.Host)(nil).ProtoReflect().Descriptor()
}
