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

var setTwice = regexp.MustCompile(`^field \w+ is already set for oneof (\w+)$`)

// rewordYAML replaces texts of protoyaml that speak of protobuf.
func rewordYAML(text string) string {
	switch m := setTwice.FindStringSubmatch(text); {
	case m == nil:
		return text
	case m[1] == "credentials":
		return "only one kind of credentials is allowed"
	default:
		return "set exactly one of file, env"
	}
}
