package dlijson

import (
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// An encoder says what to write of that which is not set.
type encoder struct {
	zeros      bool // fields without presence that are zero
	emptyLists bool
}

// object appends the fields of a struct, but for the omitted, and the "}". The
// "{" is there already, perhaps with fields behind it.
func (e encoder) object(b []byte, v reflect.Value, p *plan, omitted uint64) ([]byte, error) {
	for i := range p.fields {
		f := &p.fields[i]
		if omitted&(1<<i) != 0 {
			continue
		}
		value := v.Field(f.index)
		if !e.writes(value, f.kind) {
			continue
		}
		if b[len(b)-1] != '{' {
			b = append(b, ',')
		}
		b = append(b, f.quoted...)
		b = append(b, ':')
		var err error
		if b, err = e.value(b, value, f); err != nil {
			return b, within(f.name, err)
		}
	}
	return append(b, '}'), nil
}

func (e encoder) writes(v reflect.Value, k kind) bool {
	switch k {
	case kindOptString, kindOptBool, kindOptInt32, kindTimestamp, kindMessage:
		return !v.IsNil()
	case kindStrings, kindMessages:
		return e.emptyLists || v.Len() > 0
	case kindString:
		return e.zeros || v.Len() > 0
	default:
		return e.zeros || !v.IsZero()
	}
}

func (e encoder) value(b []byte, v reflect.Value, f *field) ([]byte, error) {
	switch f.kind {
	case kindString:
		return appendString(b, v.String())
	case kindOptString:
		return appendString(b, v.Elem().String())
	case kindBool:
		return appendBool(b, v.Bool()), nil
	case kindOptBool:
		return appendBool(b, v.Elem().Bool()), nil
	case kindInt32:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case kindOptInt32:
		return strconv.AppendInt(b, v.Elem().Int(), 10), nil
	case kindEnum:
		return appendEnum(b, int32(v.Int()), f.words)
	case kindTimestamp:
		return appendTimestamp(b, v.Interface().(*timestamppb.Timestamp))
	case kindMessage:
		return e.object(append(b, '{'), v.Elem(), f.sub, 0)
	case kindStrings:
		return appendStrings(b, v.Interface().([]string))
	default:
		return e.messages(b, v, f.sub)
	}
}

func (e encoder) messages(b []byte, list reflect.Value, p *plan) ([]byte, error) {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = e.object(append(b, '{'), p.elem(list.Index(i)), p, 0); err != nil {
			return b, withinIndex(i, err)
		}
	}
	return append(b, ']'), nil
}

func appendStrings(b []byte, list []string) ([]byte, error) {
	b = append(b, '[')
	for i, s := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendString(b, s); err != nil {
			return b, withinIndex(i, err)
		}
	}
	return append(b, ']'), nil
}

// appendString has a way of its own for what nearly all strings are here,
// printable ASCII: one look and one copy.
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

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

func appendEnum(b []byte, number int32, ws words) ([]byte, error) {
	if number == 0 {
		return append(b, `""`...), nil
	}
	text, ok := ws.text(number)
	if !ok {
		return b, &Error{Kind: Range, Offset: -1, Message: "the enum has no such number"}
	}
	return appendString(b, text)
}

// appendTimestamp cuts off what is finer than a millisecond.
func appendTimestamp(b []byte, t *timestamppb.Timestamp) ([]byte, error) {
	if t.CheckValid() != nil {
		return b, &Error{Kind: Range, Offset: -1, Message: "no time of the years 1 to 9999"}
	}
	return strconv.AppendInt(b, t.GetSeconds()*1000+int64(t.GetNanos())/1_000_000, 10), nil
}
