package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A specialRule is a CEL rule that is more than a pattern, and its keywords in JSON Schema,
// which has no CEL. They are those of the expression: where it changes, so must they.
type specialRule struct{ expression, keywords string }

var specialRules = map[string]specialRule{
	"queue.default": {
		`this.lowerAscii() != 'default'`,
		`{"not": {"pattern": "^[Dd][Ee][Ff][Aa][Uu][Ll][Tt]$"}}`,
	},
	"tag.key.space": {
		`!this.startsWith(' ') && !this.endsWith(' ')`,
		`{"not": {"pattern": "^ | $"}}`,
	},
	"tag.key.reserved": {
		`!this.startsWith('_sys_')`,
		`{"not": {"pattern": "^_sys_"}}`,
	},
	// Of IPv6 the characters: its full form is too long for a pattern.
	"route.cidr": {
		`size(this) <= 64 && !this.contains('%') && (this.isIp() || this.isIpPrefix())`,
		`{"maxLength": 64, "pattern": "^(` + ipv4 + `(/([12]?[0-9]|3[0-2]))?|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(/([1-9]?[0-9]|1[01][0-9]|12[0-8]))?)$"}`,
	},
	"route.cidr.reserved": {
		`!this.matches('^(?i)(::ffff:)?100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]')`,
		`{"not": {"pattern": "^(::[Ff]{4}:)?100[.](6[4-9]|[7-9][0-9]|1[01][0-9]|12[0-7])[.]"}}`,
	},
	"privilege.object": {
		`size(this) == 51 && this.startsWith('edsconnections.') && this.substring(15).matches('^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$')`,
		`{"pattern": "^edsconnections[.][0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"}`,
	},
	"host.empty": {
		`this.name != '' || this.ip != ''`,
		`{"not": {"properties": {"name": {"maxLength": 0}, "ip": {"maxLength": 0}}}}`,
	},
	"queues.none": {
		`size(this.queues) + size(this.elastic_resource_pools) > 0`,
		`{"not": {"properties": {"queues": {"maxItems": 0}, "elastic_resource_pools": {"maxItems": 0}}}}`,
	},
	"hosts.none": {
		`size(this.hosts) + size(this.names) > 0`,
		`{"not": {"properties": {"hosts": {"maxItems": 0}, "names": {"maxItems": 0}}}}`,
	},
	"privileges.none": {
		`this.action == 'update' || this.privileges.all(p, size(p.privileges) > 0)`,
		`{"if": {"properties": {"action": {"enum": ["grant", "revoke"]}}},
		  "then": {"properties": {"privileges": {"items": {"required": ["privileges"], "properties": {"privileges": {"minItems": 1}}}}}}}`,
	},
	// No keyword compares the keys of a list, or two parameters: the descriptions say so.
	"tags.unique":        {`this.map(tag, tag.key).unique()`, `{}`},
	"routes.unique":      {`this.map(route, route.name).unique()`, `{}`},
	"connections.unique": {`this.map(connection, connection.name).unique()`, `{}`},
	"page_token.offset":  {`this.offset == 0 || this.page_token == ''`, `{}`},
}

// applySpecial adds the keywords of a rule to a schema.
func applySpecial(s *openapi3.Schema, rule *validate.Rule) error {
	special, ok := specialRules[rule.GetId()]
	if !ok {
		return fmt.Errorf("the rule %s has no keywords of JSON Schema: add them to specialRules", rule.GetId())
	}
	if rule.GetExpression() != special.expression {
		return fmt.Errorf("the rule %s is now %q: adapt specialRules", rule.GetId(), rule.GetExpression())
	}
	var keywords openapi3.Schema
	if err := json.Unmarshal([]byte(special.keywords), &keywords); err != nil {
		return fmt.Errorf("%s: %w", rule.GetId(), err)
	}
	switch {
	case keywords.Not != nil && s.Not == nil:
		s.Not = keywords.Not
	case keywords.Not != nil:
		s.AllOf = append(s.AllOf, openapi3.NewSchemaRef("", &keywords))
	case keywords.Pattern != "":
		s.Pattern, s.MaxLength = keywords.Pattern, keywords.MaxLength
	default:
		s.If, s.Then = keywords.If, keywords.Then
	}
	return nil
}

// addTags adds the parameter that has tags in one text, which the plugin leaves out.
func addTags(op *openapi3.Operation, field protoreflect.FieldDescriptor) error {
	if field == nil {
		return nil
	}
	list, key, value := openapi3.NewArraySchema(), openapi3.NewStringSchema(), openapi3.NewStringSchema()
	for s, f := range map[*openapi3.Schema]protoreflect.FieldDescriptor{
		list: field, key: field.Message().Fields().ByName("key"), value: field.Message().Fields().ByName("value"),
	} {
		if err := applyFieldRules(s, f); err != nil {
			return err
		}
	}
	tag := strings.Trim(key.Pattern, "^$") + "=" + strings.Trim(value.Pattern, "^$")
	s := openapi3.NewStringSchema()
	s.Pattern = "^" + tag + "(," + tag + ")*$"
	// Go compiles no count of repeats as long as a tag.
	count := openapi3.NewStringSchema().WithPattern(fmt.Sprintf("^[^,]*(,[^,]*){0,%d}$", *list.MaxItems-1))
	s.AllOf = openapi3.SchemaRefs{openapi3.NewSchemaRef("", count)}
	parameter := openapi3.NewQueryParameter("tags").WithSchema(s)
	parameter.Description = "Only connections that have all of these tags, as k1=v1,k2=v2: at most 20, their keys unique."
	parameter.Example = "team=payments,stage=test"
	op.Parameters = append(op.Parameters, &openapi3.ParameterRef{Value: parameter})
	return nil
}
