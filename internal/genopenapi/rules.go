package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	uuidPattern = `^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`
	octet       = `(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])`
	ipv4        = octet + `([.]` + octet + `){3}`
)

// matchesRule is a CEL rule that is a pattern, with or without a limit of its length.
var matchesRule = regexp.MustCompile(`^(?:size\(this\) <= (\d+) && )?this\.matches\('([^']*)'\)$`)

// applyFieldRules adds a field's rules to its schema.
func applyFieldRules(s *openapi3.Schema, field protoreflect.FieldDescriptor) error {
	rules, err := protovalidate.ResolveFieldRules(field)
	if err != nil {
		return err
	}
	if r := rules.GetRepeated(); field.IsList() {
		if r.HasMaxItems() {
			s.MaxItems = new(r.GetMaxItems())
		}
		s.MinItems, s.UniqueItems = r.GetMinItems(), r.GetUnique()
		if field.Kind() != protoreflect.MessageKind {
			if err := applyValueRules(s.Items.Value, r.GetItems()); err != nil {
				return err
			}
		}
		return applyCEL(s, rules.GetCel())
	}
	if err := applyValueRules(s, rules); err != nil {
		return err
	}
	if rules.GetIgnore() == validate.Ignore_IGNORE_IF_ZERO_VALUE {
		s.Format, s.Pattern = "", "^$|"+s.Pattern
	}
	return nil
}

// applyValueRules adds the rules of one value.
func applyValueRules(s *openapi3.Schema, rules *validate.FieldRules) error {
	switch r := rules.GetString(); {
	case r.GetUuid():
		s.Format, s.Pattern = "uuid", uuidPattern
	case r.GetIpv4():
		s.Format, s.Pattern = "ipv4", "^"+ipv4+"$"
	case r.HasMaxLen():
		s.MinLength, s.MaxLength = r.GetMinLen(), new(r.GetMaxLen())
	case r.HasMaxBytes():
		s.MaxLength = new(r.GetMaxBytes())
	case r != nil:
		for _, word := range r.GetIn() {
			s.Enum = append(s.Enum, word)
		}
	}
	if r := rules.GetInt32(); r.HasGte() {
		s.Min = new(float64(r.GetGte()))
	}
	if r := rules.GetInt64(); r.HasGte() {
		s.Min = new(float64(r.GetGte()))
	}
	if s.Format == "int32" {
		s.Max = new(float64(1<<31 - 1))
	}
	return applyCEL(s, rules.GetCel())
}

func applyCEL(s *openapi3.Schema, rules []*validate.Rule) error {
	for _, rule := range rules {
		if m := matchesRule.FindStringSubmatch(rule.GetExpression()); m != nil {
			if n, err := strconv.ParseUint(m[1], 10, 64); err == nil {
				s.MaxLength = &n
			}
			s.Pattern = strings.ReplaceAll(m[2], `\\`, `\`)
			continue
		}
		if err := applySpecial(s, rule); err != nil {
			return err
		}
	}
	return nil
}

// mustBeSet reports whether the rules reject a request without the field.
func mustBeSet(field protoreflect.FieldDescriptor, s *openapi3.Schema) bool {
	rules, err := protovalidate.ResolveFieldRules(field)
	switch {
	case err != nil || rules.GetRequired() || s.MinItems > 0:
		return true
	case field.Kind() != protoreflect.StringKind || field.IsList():
		return false
	}
	// A string that is absent is empty.
	return s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString("") || s.Pattern == "" && len(s.Enum) > 0
}

// applyMessageRules adds the rules that are about several fields of a message.
func applyMessageRules(s *openapi3.Schema, md protoreflect.MessageDescriptor) error {
	rules, err := protovalidate.ResolveMessageRules(md)
	if err != nil {
		return err
	}
	for _, rule := range rules.GetCel() {
		if err := applySpecial(s, rule); err != nil {
			return fmt.Errorf("%s: %w", md.Name(), err)
		}
	}
	return nil
}
