package dlijson

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A plan is what the codec knows of one message type. It works on the fields of
// the generated struct, since protoreflect costs more for each element than all
// the rest of decoding it.
type plan struct {
	typ       reflect.Type
	slice     reflect.Type // of typ, for blocks of messages
	zero      reflect.Value
	fields    []field // in the order of the proto
	names     []string
	byName    map[string]int // by JSON name
	envelope  uint64         // mask of is_success and message
	isSuccess int            // place in fields; -1 without
	message   int            // place in fields; -1 without
}

// maxFields leaves four bits of a mask to the envelope of an answer.
const maxFields = 60

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
	p := &plan{
		typ: t.Elem(), slice: reflect.SliceOf(t.Elem()), zero: reflect.Zero(t.Elem()),
		byName: make(map[string]int), isSuccess: -1, message: -1,
	}
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
