package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// A key is a key of the configuration at one place, with all that the reference
// and the JSON Schema say of it.
type key struct {
	path     string // as in upstreams[].timeout; empty for the whole
	field    protoreflect.FieldDescriptor
	rules    *validate.FieldRules
	text     string
	fallback protoreflect.Value // the default; not valid where there is none
	example  *yaml.Node         // of a key without keys, or a secret
	values   []string           // of an enum: what each means
	message  protoreflect.MessageDescriptor
	about    string // text of the message
	filled   bool   // the defaults have one, in which keys have their defaults
	keys     []*key
}

func (k *key) name() string { return string(k.field.Name()) }

// isSection tells whether a key has a mapping for its value, or a list of them.
func (k *key) isSection() bool {
	return k.message != nil && k.message.FullName() != "google.protobuf.Duration"
}

// A survey makes keys of the schema.
type survey struct {
	t        *testing.T
	texts    map[protoreflect.FullName]string
	examples map[protoreflect.FullName]*yaml.Node // the first one of each field
}

// allKeys returns the configuration as a key without a name, with every key that
// is served.
func allKeys(t *testing.T) *key {
	t.Helper()
	md := (&configv1.Config{}).ProtoReflect().Descriptor()
	s := &survey{t: t, texts: protoComments(t), examples: make(map[protoreflect.FullName]*yaml.Node)}
	paths, err := filepath.Glob("../../examples/*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var document yaml.Node
		if err := yaml.Unmarshal(text, &document); err != nil {
			t.Fatal(err)
		}
		s.findExamples(document.Content[0], md)
	}
	root := &key{message: md, about: s.texts[md.FullName()]}
	s.addKeys(root, s.defaults())
	return root
}

func (s *survey) findExamples(node *yaml.Node, md protoreflect.MessageDescriptor) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		field := md.Fields().ByName(protoreflect.Name(node.Content[i].Value))
		if field == nil {
			s.t.Fatalf("line %d of an example: no key %q", node.Line, node.Content[i].Value)
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
func (s *survey) defaults() []protoreflect.Message {
	cfg := &configv1.Config{}
	credentials := (&configv1.Upstream{}).ProtoReflect().Descriptor().Oneofs().ByName("credentials").Fields()
	for i := range credentials.Len() {
		u := &configv1.Upstream{}
		u.ProtoReflect().Mutable(credentials.Get(i)).Message()
		cfg.Upstreams = append(cfg.Upstreams, u)
	}
	config.FillDefaults(cfg)
	return []protoreflect.Message{cfg.ProtoReflect()}
}

// addKeys adds the keys of a section; instances are what the defaults have there.
func (s *survey) addKeys(to *key, instances []protoreflect.Message) {
	fields := to.message.Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		rules, err := protovalidate.ResolveFieldRules(field)
		if err != nil {
			s.t.Fatal(err)
		}
		k := &key{path: strings.TrimPrefix(to.path+"."+string(field.Name()), "."), field: field, rules: rules, text: s.texts[field.FullName()]}
		if k.text == "" {
			s.t.Errorf("%s has no comment in the proto", field.FullName())
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
			s.t.Errorf("%s is in no example", k.path)
		} else if !k.isSection() || k.message.Name() == "Secret" {
			k.example = example
		}
		to.keys = append(to.keys, k)
	}
}

// valuesOf returns what instances have in a field: messages, or else a value.
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
		return config.ShortestDuration(value.Message().Interface().(*durationpb.Duration).AsDuration())
	default:
		return value.Interface()
	}
}
