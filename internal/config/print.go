package config

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// Print returns cfg as YAML that Load reads back, with keys in the order of the
// schema. Of a secret only its place is printed; any other field is [redacted].
func Print(cfg *configv1.Config) ([]byte, error) {
	return printMessage(cfg.ProtoReflect())
}

func printMessage(m protoreflect.Message) ([]byte, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(mappingOf(m)); err != nil {
		return nil, fmt.Errorf("printing the configuration: %w", err)
	}
	return out.Bytes(), nil
}

func mappingOf(m protoreflect.Message) *yaml.Node {
	mapping := &yaml.Node{Kind: yaml.MappingNode}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !isPrinted(m, field) {
			continue
		}
		value := nodeOf(field, m.Get(field))
		if !mayShow(field) {
			value = scalar("!!str", "[redacted]")
		}
		mapping.Content = append(mapping.Content, scalar("!!str", string(field.Name())), value)
	}
	return mapping
}

// isPrinted reports whether a field is set, or a switch.
func isPrinted(m protoreflect.Message, field protoreflect.FieldDescriptor) bool {
	isSwitch := field.Kind() == protoreflect.BoolKind && !field.HasPresence()
	return m.Has(field) || isSwitch
}

// mayShow is false for fields of a Secret other than its place.
func mayShow(field protoreflect.FieldDescriptor) bool {
	secret := (*configv1.Secret)(nil).ProtoReflect().Descriptor().FullName()
	return field.ContainingMessage().FullName() != secret || field.Name() == "file" || field.Name() == "env"
}

func nodeOf(field protoreflect.FieldDescriptor, value protoreflect.Value) *yaml.Node {
	if !field.IsList() {
		return itemOf(field, value)
	}
	list := &yaml.Node{Kind: yaml.SequenceNode}
	for i := range value.List().Len() {
		list.Content = append(list.Content, itemOf(field, value.List().Get(i)))
	}
	return list
}

func itemOf(field protoreflect.FieldDescriptor, value protoreflect.Value) *yaml.Node {
	switch field.Kind() {
	case protoreflect.MessageKind:
		if d, ok := value.Message().Interface().(*durationpb.Duration); ok {
			return scalar("!!str", FormatDuration(d.AsDuration()))
		}
		return mappingOf(value.Message())
	case protoreflect.EnumKind:
		return scalar("!!str", string(field.Enum().Values().ByNumber(value.Enum()).Name()))
	case protoreflect.BoolKind:
		return scalar("!!bool", strconv.FormatBool(value.Bool()))
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return scalar("!!int", strconv.FormatInt(value.Int(), 10))
	default:
		node := scalar("!!str", value.String())
		if strings.ContainsFunc(node.Value, func(r rune) bool { return r < ' ' || r > '~' }) {
			// The encoder prints some line ends beyond ASCII unquoted.
			node.Style = yaml.DoubleQuotedStyle
		}
		return node
	}
}

func scalar(tag, value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: value}
}

// FormatDuration returns a duration as people write it: 30m, not 30m0s.
func FormatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
