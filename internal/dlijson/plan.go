package dlijson

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"google.golang.org/protobuf/proto"
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

// A plan is what the codec knows of one message type. It works on the fields of
// the generated struct, since protoreflect costs more for each element than all
// the rest of decoding it.
type plan struct {
	struct_   reflect.Type
	slice     reflect.Type // of struct_
	zero      reflect.Value
	fields    []field // in the order of the proto
	names     []string
	byName    map[string]int // by JSON name
	envelope  uint64         // mask of is_success and message
	isSuccess int            // place in fields; -1 without
	message   int            // place in fields; -1 without
}

type field struct {
	name   string // JSON name
	proto  protoreflect.Name
	quoted string // the name as JSON
	kind   kind
	index  int   // place in the struct
	words  words // of an enum
	sub    *plan // of a message
}

// maxFields leaves two bits of a mask to the envelope of an answer.
const maxFields = 62

// plans holds the *plan of each reflect.Type once built: a cache of what the
// types say, never of anything that a call brings.
var plans sync.Map

func planOf(t reflect.Type, d protoreflect.MessageDescriptor) (*plan, error) {
	if p, ok := plans.Load(t); ok {
		return p.(*plan), nil
	}
	p, err := build(t, d, make(map[reflect.Type]*plan))
	if err != nil {
		return nil, fmt.Errorf("dlijson: %s: %w", d.FullName(), err)
	}
	actual, _ := plans.LoadOrStore(t, p)
	return actual.(*plan), nil
}

// build makes the plan of a message; started holds those of its outer messages,
// so that a message may hold itself.
func build(t reflect.Type, d protoreflect.MessageDescriptor, started map[reflect.Type]*plan) (*plan, error) {
	if p, ok := started[t]; ok {
		return p, nil
	}
	if t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		return nil, errors.New("no generated struct")
	}
	p := &plan{struct_: t.Elem(), slice: reflect.SliceOf(t.Elem()), zero: reflect.Zero(t.Elem()),
		byName: make(map[string]int), isSuccess: -1, message: -1}
	started[t] = p
	indexes := fieldIndexes(t.Elem())
	descriptors := d.Fields()
	if descriptors.Len() > maxFields {
		return nil, fmt.Errorf("more than %d fields", maxFields)
	}
	for i := range descriptors.Len() {
		fd := descriptors.Get(i)
		index, ok := indexes[fd.Number()]
		if !ok {
			return nil, fmt.Errorf("field %s: not in the generated struct", fd.Name())
		}
		f, err := buildField(fd, t.Elem().Field(index), started)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", fd.Name(), err)
		}
		f.index = index
		p.add(f)
	}
	return p, nil
}

func (p *plan) add(f field) {
	i := len(p.fields)
	switch {
	case f.name == "is_success" && f.kind == kindBool:
		p.isSuccess = i
		p.envelope |= 1 << i
	case f.name == "message" && f.kind == kindString:
		p.message = i
		p.envelope |= 1 << i
	}
	p.fields = append(p.fields, f)
	p.names = append(p.names, f.name)
	p.byName[f.name] = i
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

// open returns the struct of m, to be written, and its plan.
func open(m proto.Message) (reflect.Value, *plan, error) {
	v := reflect.ValueOf(m)
	if m == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return reflect.Value{}, nil, errors.New("dlijson: no message to decode into")
	}
	p, err := planOf(v.Type(), m.ProtoReflect().Descriptor())
	if err != nil {
		return reflect.Value{}, nil, err
	}
	return v.Elem(), p, nil
}

// openToRead returns the struct of m and its plan. A nil m is an empty one.
func openToRead(m proto.Message) (reflect.Value, *plan, error) {
	if m == nil {
		return reflect.Value{}, nil, errors.New("dlijson: no message to encode")
	}
	v := reflect.ValueOf(m)
	p, err := planOf(v.Type(), m.ProtoReflect().Descriptor())
	if err != nil {
		return reflect.Value{}, nil, err
	}
	return p.elem(v), p, nil
}

// elem returns the struct that a pointer points to: an empty one for nil, as
// protobuf has it.
func (p *plan) elem(pointer reflect.Value) reflect.Value {
	if pointer.IsNil() {
		return p.zero
	}
	return pointer.Elem()
}

// mask returns the bits of the named fields.
func (p *plan) mask(names []protoreflect.Name) uint64 {
	var mask uint64
	for _, name := range names {
		for i := range p.fields {
			if p.fields[i].proto == name {
				mask |= 1 << i
			}
		}
	}
	return mask
}
