package dlijson

import (
	"errors"
	"fmt"
	"strconv"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A plan is what the codec needs of a message's descriptor, looked up once.
type plan struct {
	fields    []field                      // in the order of the proto
	isSuccess protoreflect.FieldDescriptor // nil without
	message   protoreflect.FieldDescriptor // nil without
	envelope  uint64                       // mask of these two
	listed    uint64                       // mask of a list of connections
}

type field struct {
	desc     protoreflect.FieldDescriptor
	kind     protoreflect.Kind
	name     string // JSON name
	quoted   string // the name as JSON
	list     bool
	presence bool
	hosts    bool  // a list of Host, which has its own code
	sub      *plan // of a message; nil for a Timestamp and a Duration
}

// maxFields leaves four bits of a mask to the envelope of a response.
const maxFields = 60

// plans caches the *plan of each protoreflect.MessageDescriptor.
var plans sync.Map

func planOf(md protoreflect.MessageDescriptor) (*plan, error) {
	if p, ok := plans.Load(md); ok {
		return p.(*plan), nil
	}
	p, err := build(md, make(map[protoreflect.MessageDescriptor]*plan))
	if err != nil {
		return nil, fmt.Errorf("dlijson: %s: %w", md.FullName(), err)
	}
	plans.Store(md, p)
	return p, nil
}

// build returns the plan of a message. started holds the plans of the messages
// around it, because a message may contain itself.
func build(md protoreflect.MessageDescriptor, started map[protoreflect.MessageDescriptor]*plan) (*plan, error) {
	if p, ok := started[md]; ok {
		return p, nil
	}
	p := &plan{}
	started[md] = p
	fields := md.Fields()
	if fields.Len() > maxFields {
		return nil, fmt.Errorf("more than %d fields", maxFields)
	}
	for i := range fields.Len() {
		f := newField(fields.Get(i))
		if !supported(f.desc) {
			return nil, fmt.Errorf("field %s: %s %s is not supported", f.desc.Name(), f.desc.Cardinality(), f.kind)
		}
		if sub := f.desc.Message(); sub != nil && sub.FullName() != "google.protobuf.Timestamp" && !isDuration(f.desc) {
			var err error
			if f.sub, err = build(sub, started); err != nil {
				return nil, fmt.Errorf("field %s: %w", f.desc.Name(), err)
			}
			f.hosts = f.list && sub.FullName() == "connsvc.v1.Host"
			if f.list && sub.FullName() == "connsvc.v1.EnhancedConnection" {
				p.listed |= 1 << i
			}
		}
		plain := !f.list && !f.presence
		switch {
		case plain && f.name == "is_success" && f.kind == protoreflect.BoolKind:
			p.isSuccess, p.envelope = f.desc, p.envelope|1<<i
		case plain && f.name == "message" && f.kind == protoreflect.StringKind:
			p.message, p.envelope = f.desc, p.envelope|1<<i
		}
		p.fields = append(p.fields, f)
	}
	return p, nil
}

func newField(fd protoreflect.FieldDescriptor) field {
	return field{
		desc: fd, kind: fd.Kind(), name: fd.JSONName(), quoted: strconv.Quote(fd.JSONName()),
		list: fd.IsList(), presence: fd.HasPresence(),
	}
}

func supported(fd protoreflect.FieldDescriptor) bool {
	if fd.IsMap() || fd.ContainingOneof() != nil && !fd.ContainingOneof().IsSynthetic() {
		return false
	}
	switch fd.Kind() {
	case protoreflect.StringKind, protoreflect.BoolKind, protoreflect.Int32Kind, protoreflect.Int64Kind, protoreflect.EnumKind, protoreflect.MessageKind:
		return true
	}
	return false
}

// open returns the reflection of m, and its plan.
func open(m proto.Message) (protoreflect.Message, *plan, error) {
	if m == nil {
		return nil, nil, errors.New("dlijson: no message")
	}
	message := m.ProtoReflect()
	p, err := planOf(message.Descriptor())
	return message, p, err
}

// openValid is open for a message that is written to: it must not be a nil pointer.
func openValid(m proto.Message) (protoreflect.Message, *plan, error) {
	message, p, err := open(m)
	if err == nil && !message.IsValid() {
		err = errors.New("dlijson: no message to decode into")
	}
	return message, p, err
}

// mask returns the bits of the named fields.
func mask(m protoreflect.Message, names []protoreflect.Name) uint64 {
	var mask uint64
	for _, name := range names {
		if f := m.Descriptor().Fields().ByName(name); f != nil {
			mask |= 1 << f.Index()
		}
	}
	return mask
}
