package main

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The forms of values that are strings in YAML. Helm reads patterns as Go does.
const (
	durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|ms|s|m|h))+$`
	bytesPattern    = `^[0-9]+([kMG]|[KMG]i)?$`
	endpointPattern = `^[Hh][Tt][Tt][Pp][Ss]?://[^/?#@\s]+(/[^?#\s]*)?$`
	addressPattern  = `:[0-9]{1,5}$`
)

// matchesCall is a CEL rule that is only a pattern.
var matchesCall = regexp.MustCompile(`^this\.matches\('([^']*)'\)$`)

// A schema is a JSON Schema, limited to the keywords of draft-07 that Helm knows.
type schema struct {
	Schema               string             `json:"$schema,omitempty"`
	Title                string             `json:"title,omitempty"`
	Description          string             `json:"description,omitempty"`
	Type                 any                `json:"type,omitempty"`
	Properties           map[string]*schema `json:"properties,omitempty"`
	Required             []string           `json:"required,omitempty"`
	AdditionalProperties *bool              `json:"additionalProperties,omitempty"`
	OneOf                []*schema          `json:"oneOf,omitempty"`
	Items                *schema            `json:"items,omitempty"`
	MinItems             uint64             `json:"minItems,omitempty"`
	UniqueItems          bool               `json:"uniqueItems,omitempty"`
	MinLength            uint64             `json:"minLength,omitempty"`
	Pattern              string             `json:"pattern,omitempty"`
	Format               string             `json:"format,omitempty"`
	Enum                 []string           `json:"enum,omitempty"`
	Minimum              *int64             `json:"minimum,omitempty"`
	Maximum              *int64             `json:"maximum,omitempty"`
	Above                string             `json:"x-above,omitempty"` // of durations, which JSON Schema cannot compare
	Least                string             `json:"x-least,omitempty"`
	Most                 string             `json:"x-most,omitempty"`
	Default              any                `json:"default,omitempty"`
	Examples             []any              `json:"examples,omitempty"`
}

// schemaOf returns the schema of a mapping with a key's keys.
func schemaOf(k *key) *schema {
	s := &schema{Type: "object", Properties: make(map[string]*schema), AdditionalProperties: new(bool)}
	for _, child := range k.keys {
		s.Properties[child.name()] = childSchema(child)
		if mustBeSet(child) {
			s.Required = append(s.Required, child.name())
		}
	}
	oneofs := k.message.Oneofs()
	for i := range oneofs.Len() {
		if oneof := oneofs.Get(i); !oneof.IsSynthetic() { // each is required
			for _, child := range k.keys {
				if child.field.ContainingOneof() == oneof {
					s.OneOf = append(s.OneOf, &schema{Required: []string{child.name()}})
				}
			}
		}
	}
	if len(s.Required) == 0 && len(s.OneOf) == 0 {
		s.Type = []string{"object", "null"} // a section without a value is an empty one
	}
	return s
}

func childSchema(k *key) *schema {
	s := &schema{}
	if k.isSection() {
		s = schemaOf(k)
	} else {
		setValue(s, k.field, k.rules)
	}
	if k.field.IsList() {
		s = &schema{Type: "array", Items: s, MinItems: k.rules.GetRepeated().GetMinItems(), UniqueItems: k.rules.GetRepeated().GetUnique()}
		if k.message == nil {
			setRules(s.Items, k.rules.GetRepeated().GetItems())
		}
	}
	s.Description = k.text
	// Rules without a keyword go into the description.
	for _, rule := range slices.Concat(durationRules(k.rules), celRules(k.rules)) {
		s.Description += " Rule: " + rule + "."
	}
	if k.fallback.IsValid() {
		s.Default = printed(k.field, k.fallback)
	}
	if k.example != nil {
		var example any
		if err := k.example.Decode(&example); err == nil {
			s.Examples = []any{example}
		}
	}
	return s
}

// setValue sets the type of one value, and its rules.
func setValue(s *schema, field protoreflect.FieldDescriptor, rules *validate.FieldRules) {
	switch field.Kind() {
	case protoreflect.MessageKind:
		s.Type, s.Pattern = "string", durationPattern
	case protoreflect.BoolKind:
		s.Type = "boolean"
	case protoreflect.EnumKind:
		s.Type, s.Enum = "string", enumNames(field.Enum())
		for _, name := range slices.Clone(s.Enum) {
			s.Enum = append(s.Enum, strings.ToLower(name))
		}
	case protoreflect.Int32Kind:
		s.Type = "integer"
	case protoreflect.Int64Kind: // bytes, all of them
		s.Type, s.Pattern = []string{"integer", "string"}, bytesPattern
	default:
		s.Type = "string"
	}
	setRules(s, rules)
}

func setRules(s *schema, rules *validate.FieldRules) {
	if r := rules.GetInt32(); r.HasGte() {
		s.Minimum = new(int64(r.GetGte()))
	}
	if r := rules.GetInt32(); r.HasLte() {
		s.Maximum = new(int64(r.GetLte()))
	}
	if r := rules.GetInt64(); r.HasGte() {
		s.Minimum = new(r.GetGte())
	}
	if r := rules.GetInt64(); r.HasLte() {
		s.Maximum = new(r.GetLte())
	}
	if r := rules.GetString(); r != nil {
		s.MinLength = r.GetMinLen()
		s.Pattern = r.GetPattern()
		if r.GetUri() {
			s.Format, s.Pattern = "uri", endpointPattern
		}
	}
	for _, rule := range rules.GetCel() {
		if m := matchesCall.FindStringSubmatch(rule.GetExpression()); m != nil {
			s.Pattern = m[1]
		} else if strings.Contains(rule.GetExpression(), "isHostAndPort(true)") {
			s.Pattern = addressPattern
		}
	}
	if r := rules.GetDuration(); r.HasGt() {
		s.Above = shortest(r.GetGt())
	}
	if least := rules.GetDuration().GetGte(); least.AsDuration() > 0 {
		s.Least = shortest(least)
	}
	if r := rules.GetDuration(); r.HasLte() {
		s.Most = shortest(r.GetLte())
	}
	if rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE && s.Pattern != "" {
		s.Pattern, s.Format = "^$|"+s.Pattern, "" // an empty text is the default
	}
}

// enumNames returns the values of an enum but the unspecified one.
func enumNames(ed protoreflect.EnumDescriptor) []string {
	var names []string
	for i := 1; i < ed.Values().Len(); i++ {
		names = append(names, string(ed.Values().Get(i).Name()))
	}
	return names
}

// mustBeSet reports whether the rules reject a file without the key.
func mustBeSet(k *key) bool {
	return k.rules.GetRequired() || k.rules.GetRepeated().GetMinItems() > 0 ||
		!k.field.HasPresence() && k.rules.GetString().GetMinLen() > 0
}

// renderSchema returns the JSON Schema of configuration files.
func renderSchema(root *key) (string, error) {
	s := schemaOf(root)
	s.Schema, s.Title, s.Description = "http://json-schema.org/draft-07/schema#", "Configuration of connsvc", root.about
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(s)
	return text.String(), err
}
