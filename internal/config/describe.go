package config

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// describe returns the differences of two configurations for people: each reloadable
// key with its values, or a section with its changed keys, and each upstream with those. Upstreams are compared
// by name.
func describe(from, to *configv1.Config) []string {
	all := describeUpstreams(from.GetUpstreams(), to.GetUpstreams())
	for _, c := range changes(from.ProtoReflect(), to.ProtoReflect()) {
		key := keys([]change{c})[0]
		if key == "upstreams" {
			continue
		}
		before, field := at(from, c)
		after, _ := at(to, c)
		switch had, has := before.Has(field), after.Has(field); {
		case !isSection(field):
			all = append(all, fmt.Sprintf("%s: %s to %s", key, itemOf(field, before.Get(field)).Value, itemOf(field, after.Get(field)).Value))
		case !had:
			all = append(all, key+": added")
		case !has:
			all = append(all, key+": removed")
		default:
			changed := changes(before.Get(field).Message(), after.Get(field).Message())
			all = append(all, key+": "+strings.Join(keys(changed), ", "))
		}
	}
	return all
}

func describeUpstreams(from, to []*configv1.Upstream) []string {
	var all []string
	before := make(map[string]*configv1.Upstream)
	for _, u := range from {
		before[u.GetName()] = u
	}
	for _, u := range to {
		old := before[u.GetName()]
		delete(before, u.GetName())
		if old == nil {
			all = append(all, "upstream "+u.GetName()+": added")
		} else if changed := changes(old.ProtoReflect(), u.ProtoReflect()); len(changed) > 0 {
			all = append(all, "upstream "+u.GetName()+": "+strings.Join(keys(changed), ", "))
		}
	}
	for _, u := range from {
		if before[u.GetName()] != nil {
			all = append(all, "upstream "+u.GetName()+": removed")
		}
	}
	return all
}

// at returns the field of a key, and the message that it is of.
func at(cfg *configv1.Config, c change) (protoreflect.Message, protoreflect.FieldDescriptor) {
	m, last := cfg.ProtoReflect(), len(c.path)-1
	field := func(i int) protoreflect.FieldDescriptor {
		return m.Descriptor().Fields().ByName(protoreflect.Name(c.path[i].GetFieldName()))
	}
	for i := range last {
		m = m.Get(field(i)).Message()
	}
	return m, field(last)
}
