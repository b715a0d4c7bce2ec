package config

import (
	"slices"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// unserved returns the keys that the schema has a place for but that connsvc does
// not act on yet. A file that sets one is refused: to take "tls" and then serve
// plaintext would be worse than to stop. Whoever makes a key work deletes it here,
// and a test then wants it in examples/connsvc.yaml.
func unserved() []protoreflect.FullName {
	return nil
}

// unservedViolations finds unserved keys that are set in m, which is at path.
func unservedViolations(m protoreflect.Message, path ...*validate.FieldPathElement) []*protovalidate.Violation {
	var all []*protovalidate.Violation
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := slices.Concat(path, []*validate.FieldPathElement{name(string(field.Name()))})
		switch {
		case slices.Contains(unserved(), field.FullName()):
			all = append(all, violation("unserved", "this version of connsvc does not serve this key yet", at...))
		case field.Message() != nil && field.IsList():
			for i := range value.List().Len() {
				inItem := slices.Concat(path, []*validate.FieldPathElement{item(string(field.Name()), i)})
				all = append(all, unservedViolations(value.List().Get(i).Message(), inItem...)...)
			}
		case field.Message() != nil:
			all = append(all, unservedViolations(value.Message(), at...)...)
		}
		return true
	})
	return all
}
