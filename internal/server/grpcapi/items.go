package grpcapi

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// checkItems rejects a message whose lists have more elements together than a request
// may have, before any is decoded: an empty element is two bytes on the wire and a
// hundred in memory. What is not protobuf is left to the decoder.
//
// Lists inside of messages count too; packed numbers do not: no request has any.
func checkItems(wire []byte, m protoreflect.MessageDescriptor) error {
	if len(wire) <= 2*dlijson.MaxRequestItems { // an element takes at least two bytes
		return nil
	}
	items := 0
	if list, _ := countItems(wire, m, &items); list != "" {
		return apierror.Invalid(list, "protobuf.range", dlijson.TooManyItems)
	}
	return nil
}

// countItems adds the elements of a message's lists to items. It returns the list that has
// one too many, empty if none has; valid is false if the message is not protobuf.
func countItems(wire []byte, m protoreflect.MessageDescriptor, items *int) (tooMany string, valid bool) {
	fields := m.Fields()
	var last protowire.Number
	var field protoreflect.FieldDescriptor // of last: the elements of a list mostly follow each other
	nested := false                        // its messages have lists
	index := 0                             // of the element
	for len(wire) > 0 {
		number, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			return "", false
		}
		wire = wire[n:]
		if n = protowire.ConsumeFieldValue(number, kind, wire); n < 0 {
			return "", false
		}
		value := wire[:n]
		wire = wire[n:]
		if index++; number != last {
			last, field, index = number, fields.ByNumber(number), 0
			nested = field != nil && field.Message() != nil && hasLists(field.Message())
		}
		if field == nil {
			continue
		}
		if field.Cardinality() == protoreflect.Repeated {
			if *items++; *items > dlijson.MaxRequestItems {
				return field.JSONName(), true
			}
		}
		if nested && kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
			inner, valid := countItems(value, field.Message(), items)
			switch {
			case !valid:
				return "", false
			case inner != "" && field.IsList():
				return fmt.Sprintf("%s[%d].%s", field.JSONName(), index, inner), true
			case inner != "":
				return field.JSONName() + "." + inner, true
			}
		}
	}
	return "", true
}

// hasLists reports whether a message, or one in it, has lists. No request has a message that
// contains itself.
func hasLists(m protoreflect.MessageDescriptor) bool {
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if f.IsList() || f.Message() != nil && hasLists(f.Message()) {
			return true
		}
	}
	return false
}
