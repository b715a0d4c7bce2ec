package grpcapi

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/dlijson"
)

// checkItems rejects a message whose lists have more elements together than a request
// may have, before any is decoded: an empty element is two bytes on the wire and a
// hundred in memory. What is not protobuf is left to the decoder.
//
// Lists inside of lists are not counted, and neither are packed numbers: no request
// has any.
func checkItems(wire []byte, m protoreflect.MessageDescriptor) error {
	if len(wire) <= 2*dlijson.MaxRequestItems { // an element takes at least two bytes
		return nil
	}
	fields := m.Fields()
	items := 0
	var last protowire.Number
	var field protoreflect.FieldDescriptor // of last: the elements of a list mostly follow each other
	for len(wire) > 0 {
		number, kind, n := protowire.ConsumeTag(wire)
		if n < 0 {
			return nil
		}
		wire = wire[n:]
		if n = protowire.ConsumeFieldValue(number, kind, wire); n < 0 {
			return nil
		}
		wire = wire[n:]
		if number != last {
			last, field = number, fields.ByNumber(number)
		}
		if field == nil || field.Cardinality() != protoreflect.Repeated {
			continue
		}
		if items++; items > dlijson.MaxRequestItems {
			return tooManyItems(field)
		}
	}
	return nil
}

func tooManyItems(field protoreflect.FieldDescriptor) error {
	return apierror.Invalid(field.JSONName(), "protobuf.range", dlijson.TooManyItems)
}
