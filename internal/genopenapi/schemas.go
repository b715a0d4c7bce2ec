package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const schemaPath = "#/components/schemas/"

// requestMessage returns the schema of a message in a request: strict, with all rules.
func (p *pass) requestMessage(ref *openapi3.SchemaRef, md protoreflect.MessageDescriptor) (*openapi3.Schema, error) {
	s := copyOf(ref.Value)
	s.Description = prose(s.Description)
	s.AdditionalProperties = openapi3.AdditionalProperties{Has: new(false)} // a typo must not lose a field
	for name, property := range ref.Value.Properties {
		field := md.Fields().ByJSONName(name)
		changed, err := p.requestField(property, field)
		if err != nil {
			return nil, err
		}
		s.Properties[name] = openapi3.NewSchemaRef("", changed)
		if mustBeSet(field, changed) {
			s.Required = append(s.Required, name)
		}
	}
	slices.Sort(s.Required)
	return s, applyMessageRules(s, md)
}

// requestField returns the schema of a field in a request.
func (p *pass) requestField(ref *openapi3.SchemaRef, field protoreflect.FieldDescriptor) (*openapi3.Schema, error) {
	s := copyOf(ref.Value)
	s.Description = prose(s.Description)
	if field.Kind() == protoreflect.EnumKind {
		s.Enum = words(field.Enum())
	}
	if isDuration(field) {
		s.Type, s.Format, s.Pattern = &openapi3.Types{"string"}, "", durationPattern
		return s, nil
	}
	if field.Kind() == protoreflect.Int64Kind {
		s.Type, s.Format = &openapi3.Types{"integer"}, "int64"
	}
	if field.Kind() == protoreflect.MessageKind {
		name := string(field.Message().Name())
		if p.inResponses(field.Message()) {
			name += "Input" // responses follow no rules
		}
		item, err := p.requestMessage(p.generated[generatedName(field.Message())], field.Message())
		if err != nil {
			return nil, err
		}
		p.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", item)
		refer(s, field, name)
	}
	return s, applyFieldRules(s, field)
}

// durationPattern is what dlijson takes for a Duration, without Go's other units.
const durationPattern = `^[0-9]+([.][0-9]+)?(s|m|h)$`

func isDuration(field protoreflect.FieldDescriptor) bool {
	return field.Kind() == protoreflect.MessageKind && field.Message().FullName() == "google.protobuf.Duration"
}

// refer makes s, the schema of a field, refer to that of its message.
func refer(s *openapi3.Schema, field protoreflect.FieldDescriptor, name string) {
	ref := openapi3.NewSchemaRef(schemaPath+name, nil)
	if field.IsList() {
		s.Items = ref
		return
	}
	*s = openapi3.Schema{Description: s.Description, AllOf: openapi3.SchemaRefs{ref}}
}

// responseMessage returns the schema of a message in a response: open, for fields that
// later versions add. A field without presence is always there.
func (p *pass) responseMessage(md protoreflect.MessageDescriptor) *openapi3.Schema {
	generated := p.generated[generatedName(md)].Value
	s := copyOf(generated)
	s.Description = prose(s.Description)
	for name, property := range generated.Properties {
		field := md.Fields().ByJSONName(name)
		if !field.HasPresence() {
			s.Required = append(s.Required, name)
		}
		s.Properties[name] = openapi3.NewSchemaRef("", p.responseField(property, field))
	}
	slices.Sort(s.Required)
	return s
}

func (p *pass) responseField(ref *openapi3.SchemaRef, field protoreflect.FieldDescriptor) *openapi3.Schema {
	s := copyOf(ref.Value)
	s.Description = prose(s.Description)
	switch {
	case field.Name() == "is_success":
		s.Enum = []any{true}
	case field.Kind() == protoreflect.EnumKind:
		s.Enum = append(words(field.Enum()), "")
		s.Description += " Empty if DLI sends none, or one that this version does not know."
	case field.Kind() == protoreflect.Int64Kind:
		s.Type, s.Format = &openapi3.Types{"integer"}, "int64"
	case field.Kind() != protoreflect.MessageKind:
	case field.Message().FullName() == "google.protobuf.Timestamp":
		s.Type, s.Format = &openapi3.Types{"integer"}, "int64"
		s.Description = strings.Replace(s.Description, "; in JSON, milliseconds", ": milliseconds", 1)
	default:
		name := string(field.Message().Name())
		p.doc.Components.Schemas[name] = openapi3.NewSchemaRef("", p.responseMessage(field.Message()))
		refer(s, field, name)
	}
	return s
}

// addEnvelope adds what every response of DLI has, to a message that has it not.
func addEnvelope(s *openapi3.Schema) {
	success, message := openapi3.NewBoolSchema(), openapi3.NewStringSchema()
	success.Enum, success.Description = []any{true}, "Always true: a failed call returns an error instead."
	message.Description = "DLI's message about the call; may be empty."
	s.WithProperty("is_success", success).WithProperty("message", message)
	s.Required = append(s.Required, "is_success", "message")
	slices.Sort(s.Required)
}

// inResponses reports whether a response has the message.
func (p *pass) inResponses(md protoreflect.MessageDescriptor) bool {
	for i := range service.Methods().Len() {
		if contains(service.Methods().Get(i).Output(), md) {
			return true
		}
	}
	return false
}

func contains(md, wanted protoreflect.MessageDescriptor) bool {
	for i := range md.Fields().Len() {
		if m := md.Fields().Get(i).Message(); m != nil && (m.FullName() == wanted.FullName() || contains(m, wanted)) {
			return true
		}
	}
	return false
}

// generatedName is the plugin's name of a message's schema, without the package.
func generatedName(md protoreflect.MessageDescriptor) string {
	return strings.TrimPrefix(string(md.FullName()), string(md.ParentFile().Package())+".")
}

// copyOf returns a copy that can be changed. Its references are not resolved.
func copyOf(s *openapi3.Schema) *openapi3.Schema {
	var c openapi3.Schema
	text, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	if err != nil {
		panic(fmt.Sprintf("a schema that is not JSON: %v", err))
	}
	return &c
}
