package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// A keyChecker checks the keys of each mapping, in the words of YAML: protoyaml speaks of
// protobuf. It is a protoyaml.CustomUnmarshaler that unmarshals nothing.
type keyChecker struct {
	found      problems
	misspelled map[place]bool // mappings with an unknown key
	look       Look           // may be nil
}

// Unmarshal checks the keys of a mapping, and the forms of their values. It rejects a
// secret that is written into the configuration, without quoting it.
func (k *keyChecker) Unmarshal(node *yaml.Node, m proto.Message) (bool, error) {
	md := m.ProtoReflect().Descriptor()
	if !strings.HasPrefix(string(md.FullName()), "connsvc.") {
		return false, nil
	}
	if _, ok := m.(*configv1.Secret); ok && node.Kind == yaml.ScalarNode {
		return false, errors.New("a secret must not be inline: set {env: NAME} or {file: path}")
	}
	if node.Kind != yaml.MappingNode {
		return false, nil
	}
	if k.look != nil {
		k.look(m, node, k.found.add)
	}
	set := make(map[protoreflect.Name]string) // the first key of each oneof
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		field := md.Fields().ByName(protoreflect.Name(key.Value))
		if field == nil {
			k.found.add(key, unknownKey(md, key.Value))
			k.misspelled[place{node.Line, node.Column}] = true
			continue
		}
		k.checkForm(field, value)
		oneof := field.ContainingOneof()
		if oneof == nil || oneof.IsSynthetic() {
			continue
		}
		if other := set[oneof.Name()]; other != "" && other != key.Value {
			k.found.add(key, fmt.Sprintf("%s and %s are both set: only one is allowed", other, key.Value))
		} else {
			set[oneof.Name()] = key.Value
		}
	}
	return false, nil
}

func unknownKey(md protoreflect.MessageDescriptor, key string) string {
	known := make([]string, md.Fields().Len())
	for i := range known {
		known[i] = string(md.Fields().Get(i).Name())
	}
	if near := dlijson.Nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key %q: did you mean %q?", key, near)
	}
	return fmt.Sprintf("unknown key %q: the keys here are %s", key, strings.Join(known, ", "))
}

// The forms that the schema has, too. protoyaml reads more, such as 1Ki for a count and
// 1e3 for a name.
var (
	durationForm = regexp.MustCompile(`^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`)
	bytesForm    = regexp.MustCompile(`^[0-9]+([kMG]|[KMG]i)?$`)
)

// checkForm reports a value that is not of a documented form. It makes a section without
// a value an empty one, and a word in lower case one of the enum.
func (k *keyChecker) checkForm(field protoreflect.FieldDescriptor, value *yaml.Node) {
	if field.IsList() && value.Kind == yaml.SequenceNode {
		for _, item := range value.Content {
			k.checkForm(listItem{field}, item)
		}
		return
	}
	tag := value.ShortTag()
	wrong := ""
	switch field.Kind() {
	case protoreflect.MessageKind:
		switch {
		case field.Message().FullName() == "google.protobuf.Duration":
			if value.Kind != yaml.ScalarNode || !durationForm.MatchString(value.Value) {
				wrong = "must be a duration, as in 500ms, 30s or 5m"
			}
		case tag == "!!null" && !field.IsList():
			*value = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: value.Line, Column: value.Column}
		}
	case protoreflect.EnumKind:
		words := enumWords(field.Enum())
		if value.Value == strings.ToLower(value.Value) {
			value.Value = strings.ToUpper(value.Value)
		}
		if !slices.Contains(words, value.Value) {
			wrong = "must be one of " + strings.Join(words, ", ")
		}
	case protoreflect.BoolKind:
		if tag == "!!bool" {
			value.Value = strings.ToLower(value.Value) // True and TRUE are YAML's, too
		}
	case protoreflect.StringKind:
		if value.Kind == yaml.ScalarNode && tag != "!!str" {
			wrong = "must be text: put it into quotes"
		}
	case protoreflect.Int32Kind:
		if tag != "!!int" && tag != "!!float" {
			wrong = "must be a whole number"
		}
	case protoreflect.Int64Kind:
		if tag != "!!int" && tag != "!!float" && !bytesForm.MatchString(value.Value) {
			wrong = "must be a number of bytes, as in 1048576, 16Mi or 16M"
		}
	}
	if wrong != "" {
		k.found.add(value, wrong)
	}
}

// A listItem is the field of a list, as one item of it.
type listItem struct{ protoreflect.FieldDescriptor }

// IsList reports false.
func (listItem) IsList() bool { return false }

// enumWords returns the words of an enum but the unspecified one.
func enumWords(ed protoreflect.EnumDescriptor) []string {
	var words []string
	for i := 1; i < ed.Values().Len(); i++ {
		words = append(words, string(ed.Values().Get(i).Name()))
	}
	return words
}
