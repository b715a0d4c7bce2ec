package config

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// describe returns the differences of two configurations for people: each reloadable
// key with its values, and each upstream with its changed keys. Upstreams are compared
// by name.
func describe(from, to *configv1.Config) []string {
	all := describeUpstreams(from.GetUpstreams(), to.GetUpstreams())
	for _, c := range changes(from.ProtoReflect(), to.ProtoReflect()) {
		key := keys([]change{c})[0]
		if key != "upstreams" {
			all = append(all, fmt.Sprintf("%s: %s to %s", key, valueAt(from, c), valueAt(to, c)))
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

// valueAt returns the value of a key, which is no list.
func valueAt(cfg *configv1.Config, c change) string {
	m := cfg.ProtoReflect()
	for i, element := range c.path {
		field := m.Descriptor().Fields().ByName(protoreflect.Name(element.GetFieldName()))
		if i == len(c.path)-1 {
			return itemOf(field, m.Get(field)).Value
		}
		m = m.Get(field).Message()
	}
	return ""
}
