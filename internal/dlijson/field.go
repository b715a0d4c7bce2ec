package dlijson

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// A kind is how a field is held in its struct.
type kind uint8

const (
	kindString    kind = iota + 1 // string
	kindOptString                 // *string
	kindBool                      // bool
	kindOptBool                   // *bool
	kindInt32                     // int32
	kindOptInt32                  // *int32
	kindEnum                      // a named int32
	kindTimestamp                 // *timestamppb.Timestamp
	kindMessage                   // *M
	kindStrings                   // []string
	kindMessages                  // []*M
)

// A field is what the codec knows of one field of a message.
type field struct {
	name   string // JSON name
	proto  protoreflect.Name
	quoted string // the name as JSON
	kind   kind
	index  int   // place in the struct
	words  words // of an enum
	sub    *plan // of a message
}

// fieldIndexes maps field numbers to places in the struct, by the struct's tags.
func fieldIndexes(t reflect.Type) map[protoreflect.FieldNumber]int {
	indexes := make(map[protoreflect.FieldNumber]int)
	for i := range t.NumField() {
		parts := strings.SplitN(t.Field(i).Tag.Get("protobuf"), ",", 3)
		if len(parts) < 3 {
			continue
		}
		if n, err := strconv.ParseInt(parts[1], 10, 32); err == nil {
			indexes[protoreflect.FieldNumber(n)] = i
		}
	}
	return indexes
}

func buildField(fd protoreflect.FieldDescriptor, sf reflect.StructField, started map[reflect.Type]*plan) (field, error) {
	f := field{name: fd.JSONName(), proto: fd.Name(), quoted: strconv.Quote(fd.JSONName())}
	if f.kind = kindOf(fd); f.kind == 0 {
		return f, fmt.Errorf("%s %s is not supported", fd.Cardinality(), fd.Kind())
	}
	var err error
	switch f.kind {
	case kindEnum:
		f.words = wordsOf(fd.Enum())
	case kindMessage:
		f.sub, err = build(sf.Type, fd.Message(), started)
	case kindMessages:
		f.sub, err = build(sf.Type.Elem(), fd.Message(), started)
	}
	return f, err
}

// kindOf returns 0 for a kind of field that the contract does not use.
func kindOf(fd protoreflect.FieldDescriptor) kind {
	if fd.IsMap() || fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
		return 0
	}
	isMessage := fd.Kind() == protoreflect.MessageKind
	isTimestamp := isMessage && fd.Message().FullName() == "google.protobuf.Timestamp"
	switch {
	case fd.IsList() && fd.Kind() == protoreflect.StringKind:
		return kindStrings
	case fd.IsList() && isMessage && !isTimestamp:
		return kindMessages
	case fd.IsList():
		return 0
	case isTimestamp:
		return kindTimestamp
	case isMessage:
		return kindMessage
	case fd.Kind() == protoreflect.StringKind && fd.HasPresence():
		return kindOptString
	case fd.Kind() == protoreflect.StringKind:
		return kindString
	case fd.Kind() == protoreflect.Int32Kind && fd.HasPresence():
		return kindOptInt32
	case fd.Kind() == protoreflect.Int32Kind:
		return kindInt32
	case fd.Kind() == protoreflect.BoolKind && fd.HasPresence():
		return kindOptBool
	case fd.Kind() == protoreflect.BoolKind:
		return kindBool
	case fd.Kind() == protoreflect.EnumKind && !fd.HasPresence():
		return kindEnum
	}
	return 0
}
