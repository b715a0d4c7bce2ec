package config

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

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
