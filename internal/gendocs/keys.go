package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// A key is a key of the configuration at one place, with all that the reference
// and the JSON Schema contain about it.
type key struct {
	path     string // as in upstreams[].timeout; empty for the root
	field    protoreflect.FieldDescriptor
	rules    *validate.FieldRules
	text     string
	fallback protoreflect.Value // the default; not valid without one
	example  *yaml.Node         // of a key without keys, or a secret
	values   []string           // of an enum: the meaning of each
	message  protoreflect.MessageDescriptor
	about    string // text of the message
	filled   bool   // the defaults include the section
	keys     []*key
}

func (k *key) name() string { return string(k.field.Name()) }

// isSection reports whether a key's value is a mapping or a list of mappings.
func (k *key) isSection() bool {
	return k.message != nil && k.message.FullName() != "google.protobuf.Duration"
}

// A survey makes keys of the schema and collects what is missing.
type survey struct {
	texts    map[protoreflect.FullName]string
	examples map[protoreflect.FullName]*yaml.Node // the first one of each field
	problems []error
}

func (s *survey) problem(format string, args ...any) {
	s.problems = append(s.problems, fmt.Errorf(format, args...))
}

// allKeys returns the configuration as a key without a name, with all keys below it.
func allKeys() (*key, error) {
	texts, err := protoComments()
	if err != nil {
		return nil, err
	}
	s := &survey{texts: texts, examples: make(map[protoreflect.FullName]*yaml.Node)}
	md := (&configv1.Config{}).ProtoReflect().Descriptor()
	paths, err := filepath.Glob("examples/*.yaml")
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		s.findExamples(document.Content[0], md)
	}
	root := &key{message: md, about: s.texts[md.FullName()]}
	s.addKeys(root, []protoreflect.Message{defaults().ProtoReflect()})
	return root, errors.Join(s.problems...)
}

func (s *survey) findExamples(node *yaml.Node, md protoreflect.MessageDescriptor) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		field := md.Fields().ByName(protoreflect.Name(node.Content[i].Value))
		if field == nil {
			s.problem("line %d of an example: no key %q", node.Line, node.Content[i].Value)
			continue
		}
		value := node.Content[i+1]
		if s.examples[field.FullName()] == nil {
			s.examples[field.FullName()] = value
		}
		switch {
		case field.Message() == nil:
		case field.IsList():
			for _, item := range value.Content {
				s.findExamples(item, field.Message())
			}
		case value.Kind == yaml.MappingNode:
			s.findExamples(value, field.Message())
		}
	}
}

// defaults returns a configuration with an upstream for each kind of credentials
// and nothing else set but defaults.
func defaults() *configv1.Config {
	var upstreams []*configv1.Upstream
	credentials := (&configv1.Upstream{}).ProtoReflect().Descriptor().Oneofs().ByName("credentials").Fields()
	for i := range credentials.Len() {
		u := &configv1.Upstream{}
		u.ProtoReflect().Mutable(credentials.Get(i)).Message()
		upstreams = append(upstreams, u)
	}
	return config.Default(upstreams...)
}

// addKeys adds the keys of a section; instances are the default values of it.
func (s *survey) addKeys(to *key, instances []protoreflect.Message) {
	fields := to.message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		rules, err := protovalidate.ResolveFieldRules(field)
		if err != nil {
			s.problems = append(s.problems, err)
			continue
		}
		k := &key{path: strings.TrimPrefix(to.path+"."+string(field.Name()), "."), field: field, rules: rules, text: s.texts[field.FullName()]}
		if k.text == "" {
			s.problem("%s has no comment in the proto", field.FullName())
		}
		if field.Enum() != nil {
			for _, name := range enumNames(field.Enum()) {
				text := s.texts[field.Enum().FullName().Append(protoreflect.Name(name))]
				k.values = append(k.values, fmt.Sprintf("`%s`: %s", name, text))
			}
		}
		if field.IsList() && field.Message() != nil {
			k.path += "[]"
		}
		below, fallback := valuesOf(field, instances)
		if k.message = field.Message(); k.isSection() {
			k.about, k.filled = s.texts[k.message.FullName()], len(below) > 0
			s.addKeys(k, below)
		} else {
			k.fallback = fallback
		}
		if example := s.examples[field.FullName()]; example == nil {
			s.problem("%s is in no example", k.path)
		} else if !k.isSection() || k.message.Name() == "Secret" {
			k.example = example
		}
		to.keys = append(to.keys, k)
	}
}

// valuesOf returns the values of a field in instances: messages, or else one value.
func valuesOf(field protoreflect.FieldDescriptor, instances []protoreflect.Message) (below []protoreflect.Message, value protoreflect.Value) {
	for _, m := range instances {
		switch {
		case !m.Has(field):
		case field.IsList() && field.Message() != nil:
			for i := range m.Get(field).List().Len() {
				below = append(below, m.Get(field).List().Get(i).Message())
			}
		case field.Message() != nil:
			below = append(below, m.Get(field).Message())
			value = m.Get(field)
		default:
			value = m.Get(field)
		}
	}
	if field.Kind() == protoreflect.BoolKind && !field.HasPresence() {
		value = protoreflect.ValueOfBool(false)
	}
	return below, value
}

// printed returns a value as the reference and the JSON Schema show it.
func printed(field protoreflect.FieldDescriptor, value protoreflect.Value) any {
	switch {
	case field.Enum() != nil:
		return string(field.Enum().Values().ByNumber(value.Enum()).Name())
	case field.Message() != nil:
		return config.FormatDuration(value.Message().Interface().(*durationpb.Duration).AsDuration())
	default:
		return value.Interface()
	}
}
