package dlijson

import (
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// An encoder defines which unset fields are written.
type encoder struct {
	zeros      bool // fields without presence that are zero
	emptyLists bool
}

// message appends the fields of m, except those omitted, and "}". The "{" is
// already in b, possibly with members after it.
func (e encoder) message(b []byte, m protoreflect.Message, p *plan, omitted uint64) ([]byte, error) {
	for i := range p.fields {
		f := &p.fields[i]
		if omitted&(1<<i) != 0 {
			continue
		}
		set := isSet(m, f)
		if !set && !e.writesUnset(f) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, f.quoted...)
		b = append(b, ':')
		var err error
		switch {
		case f.list && !set:
			b = append(b, "[]"...)
		case f.list:
			b, err = e.list(b, m, f)
		default:
			b, err = e.value(b, m.Get(f.desc), f)
		}
		if err != nil {
			return b, within(f.name, err)
		}
	}
	return append(b, '}'), nil
}

func isSet(m protoreflect.Message, f *field) bool {
	if f.kind == protoreflect.StringKind && !f.list && !f.presence {
		return m.Get(f.desc).String() != "" // faster than Has
	}
	return m.Has(f.desc)
}

func (e encoder) writesUnset(f *field) bool {
	if f.list {
		return e.emptyLists
	}
	return e.zeros && !f.presence
}

func (e encoder) list(b []byte, m protoreflect.Message, f *field) ([]byte, error) {
	if f.hosts {
		if m, ok := m.Interface().(interface{ GetHosts() []*connsvcv1.Host }); ok {
			return e.hosts(b, m.GetHosts())
		}
	}
	b = append(b, '[')
	list := m.Get(f.desc).List()
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = e.value(b, list.Get(i), f); err != nil {
			return b, withinIndex(i, err)
		}
	}
	return append(b, ']'), nil
}

// value appends one value of a field.
func (e encoder) value(b []byte, v protoreflect.Value, f *field) ([]byte, error) {
	switch f.kind {
	case protoreflect.StringKind:
		return appendString(b, v.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, v.Bool()), nil
	case protoreflect.Int32Kind, protoreflect.Int64Kind:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case protoreflect.EnumKind:
		return appendEnum(b, v.Enum(), f.desc.Enum())
	}
	if f.sub == nil && isDuration(f.desc) {
		return appendDuration(b, v.Message())
	}
	if f.sub == nil {
		return appendTimestamp(b, v.Message().Interface())
	}
	return e.message(append(b, '{'), v.Message(), f.sub, 0)
}

// appendString copies printable ASCII, which nearly all strings are, unchanged.
func appendString(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return quote(b, s)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"'), nil
}

func quote(b []byte, s string) ([]byte, error) {
	b, err := jsontext.AppendQuote(b, s)
	if err != nil {
		return b, &Error{Kind: Encoding, Offset: -1, Message: "invalid UTF-8"}
	}
	return b, nil
}

func appendEnum(b []byte, number protoreflect.EnumNumber, enum protoreflect.EnumDescriptor) ([]byte, error) {
	if number == 0 {
		return append(b, `""`...), nil
	}
	name, ok := enumName(enum, number)
	if !ok {
		return b, &Error{Kind: Range, Offset: -1, Message: "the enum has no such number"}
	}
	return appendString(b, name)
}

// appendTimestamp appends milliseconds, rounded down.
func appendTimestamp(b []byte, m proto.Message) ([]byte, error) {
	t, ok := m.(*timestamppb.Timestamp)
	if !ok {
		t = &timestamppb.Timestamp{}
		proto.Merge(t, m)
	}
	if t.CheckValid() != nil {
		return b, &Error{Kind: Range, Offset: -1, Message: "no time of the years 1 to 9999"}
	}
	return strconv.AppendInt(b, t.GetSeconds()*1000+int64(t.GetNanos())/1_000_000, 10), nil
}
