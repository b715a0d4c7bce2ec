package config

import (
	"regexp"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// reword replaces messages of protovalidate that do not name the keys to set.
func reword(v *protovalidate.Violation) {
	switch {
	case v.FieldDescriptor == nil && v.Proto.GetRuleId() == "required": // of a oneof
		if names := oneofKeys(v); len(names) > 0 {
			v.Proto.SetMessage("set exactly one of " + strings.Join(names, ", "))
		}
	case v.FieldDescriptor != nil && v.FieldDescriptor.FullName() == "connsvc.config.v1.Secret.env":
		v.Proto.SetMessage("must be the name of an environment variable: letters, digits and underscores")
	case v.Proto.GetRuleId() == "required":
		v.Proto.SetMessage("is required")
	case v.Proto.GetRuleId() == "repeated.min_items":
		v.Proto.SetMessage("must not be empty")
	case v.Proto.GetRuleId() == "repeated.unique":
		v.Proto.SetMessage("must not have an item twice")
	case v.Proto.GetRuleId() == "string.min_len" && v.FieldDescriptor != nil:
		v.Proto.SetMessage("is required" + map[protoreflect.FullName]string{
			"connsvc.config.v1.TLS.cert_file": " with key_file",
			"connsvc.config.v1.TLS.key_file":  " with cert_file",
		}[v.FieldDescriptor.FullName()])
	}
}

// oneofKeys returns the keys of the oneof that v is about.
func oneofKeys(v *protovalidate.Violation) []string {
	md := (&configv1.Config{}).ProtoReflect().Descriptor()
	var keys []string
	for _, element := range v.Proto.GetField().GetElements() {
		at := protoreflect.Name(element.GetFieldName())
		if field := md.Fields().ByName(at); field != nil && field.Message() != nil {
			md = field.Message()
		} else if oneof := md.Oneofs().ByName(at); oneof != nil {
			for i := range oneof.Fields().Len() {
				keys = append(keys, string(oneof.Fields().Get(i).Name()))
			}
		}
	}
	return keys
}

// rewordings are texts of protoyaml that speak of protobuf, and those of YAML.
var rewordings = []struct {
	form *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`(?s)^unknown field ".*$`), ""}, // a keyChecker reports both
	{regexp.MustCompile(`^field \w+ is already set for oneof \w+$`), ""},
	{regexp.MustCompile(`^expected .*, got alias$`), "must be written out: aliases of YAML are not supported"},
	{regexp.MustCompile(`^expected fields for \S+, got (\w+)$`), "must be a mapping of keys, not a $1"},
	{regexp.MustCompile(`^expected bool, got .*$`), "must be true or false"},
	{regexp.MustCompile(`^invalid integer: .*$`), "must be a whole number"},
	{regexp.MustCompile(`^invalid duration: .*$`), "must be a duration, as in 500ms, 30s or 5m"},
}

// oneofName is the end of the path to a oneof: it is no key.
var oneofName = regexp.MustCompile(`\.(?:credentials|source|jwks): set exactly`)

// rewordYAML returns "" for a text to leave out.
func rewordYAML(text string) string {
	text = oneofName.ReplaceAllString(text, ": set exactly")
	for _, r := range rewordings {
		if r.form.MatchString(text) {
			return r.form.ReplaceAllString(text, r.text)
		}
	}
	return text
}
