package dlijson

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// DecodeQuery sets the given fields of m from a query, strictly: a name that is
// not among fields, or stands twice, is an error. An empty value is as absent, but for
// a number, which it is none.
// A list of messages with a key and a value is "k=v,k2=v2". Errors are *Error,
// but for fields of a kind that no query has.
func DecodeQuery(q url.Values, m proto.Message, fields []protoreflect.FieldDescriptor) error {
	known := make([]string, len(fields))
	for i, f := range fields {
		known[i] = f.JSONName()
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		i := slices.Index(known, name)
		if i < 0 {
			return unknown("parameter", name, known, -1)
		}
		if len(q[name]) > 1 {
			return &Error{Kind: Duplicate, Path: name, Offset: -1, Message: "parameter \"" + name + "\" stands twice"}
		}
		if len(q[name]) == 0 || q[name][0] == "" && fields[i].Kind() != protoreflect.Int32Kind {
			continue
		}
		if err := setParameter(m.ProtoReflect(), fields[i], q[name][0]); err != nil {
			return within(name, err)
		}
	}
	return nil
}

func setParameter(m protoreflect.Message, f protoreflect.FieldDescriptor, text string) error {
	if !utf8.ValidString(text) {
		return &Error{Kind: Encoding, Offset: -1, Message: "invalid UTF-8"}
	}
	switch {
	case isPairs(f):
		return setPairs(m, f, text)
	case f.IsList():
	case f.Kind() == protoreflect.StringKind:
		m.Set(f, protoreflect.ValueOfString(text))
		return nil
	case f.Kind() == protoreflect.Int32Kind:
		return setNumber(m, f, text)
	case f.Kind() == protoreflect.EnumKind:
		ws := wordsOf(f.Enum())
		n, ok := ws.number(text)
		if !ok {
			return &Error{Kind: Type, Offset: -1, Message: ws.expected() + ", got another word"}
		}
		m.Set(f, protoreflect.ValueOfEnum(protoreflect.EnumNumber(n)))
		return nil
	}
	return fmt.Errorf("dlijson: field %s cannot be in a query", f.FullName())
}

func setNumber(m protoreflect.Message, f protoreflect.FieldDescriptor, text string) error {
	n, err := strconv.ParseInt(text, 10, 32)
	digits := strings.TrimPrefix(text, "-")
	switch {
	case digits == "" || strings.Trim(digits, "0123456789") != "":
		return &Error{Kind: Type, Offset: -1, Message: "expected a whole number"}
	case err != nil:
		return outOfRange(-1<<31, 1<<31-1, -1)
	}
	m.Set(f, protoreflect.ValueOfInt32(int32(n)))
	return nil
}

// isPairs reports whether f is a list of messages with a key and a value.
func isPairs(f protoreflect.FieldDescriptor) bool {
	if !f.IsList() || f.Kind() != protoreflect.MessageKind {
		return false
	}
	key, value := pair(f)
	return key != nil && key.Kind() == protoreflect.StringKind && !key.IsList() &&
		value != nil && value.Kind() == protoreflect.StringKind && !value.IsList()
}

func pair(f protoreflect.FieldDescriptor) (key, value protoreflect.FieldDescriptor) {
	fields := f.Message().Fields()
	return fields.ByName("key"), fields.ByName("value")
}

func setPairs(m protoreflect.Message, f protoreflect.FieldDescriptor, text string) error {
	key, value := pair(f)
	list := m.NewField(f).List()
	for i, part := range strings.Split(text, ",") {
		k, v, ok := strings.Cut(part, "=")
		if !ok {
			return withinIndex(i, &Error{Kind: Type, Offset: -1, Message: "expected key=value"})
		}
		element := list.NewElement()
		element.Message().Set(key, protoreflect.ValueOfString(k))
		element.Message().Set(value, protoreflect.ValueOfString(v))
		list.Append(element)
	}
	m.Set(f, protoreflect.ValueOfList(list))
	return nil
}

// EncodeQuery returns those of the given fields that are set in m. Fields of a
// kind that no query has, and enum numbers without a word, are left out.
func EncodeQuery(m proto.Message, fields []protoreflect.FieldDescriptor) url.Values {
	q := make(url.Values)
	for _, f := range fields {
		if !m.ProtoReflect().Has(f) {
			continue
		}
		if text, ok := parameter(m.ProtoReflect().Get(f), f); ok {
			q.Set(f.JSONName(), text)
		}
	}
	return q
}

func parameter(v protoreflect.Value, f protoreflect.FieldDescriptor) (string, bool) {
	switch {
	case isPairs(f):
		key, value := pair(f)
		parts := make([]string, v.List().Len())
		for i := range parts {
			element := v.List().Get(i).Message()
			parts[i] = element.Get(key).String() + "=" + element.Get(value).String()
		}
		return strings.Join(parts, ","), true
	case f.IsList():
	case f.Kind() == protoreflect.StringKind:
		return v.String(), true
	case f.Kind() == protoreflect.Int32Kind:
		return strconv.FormatInt(v.Int(), 10), true
	case f.Kind() == protoreflect.EnumKind:
		return wordsOf(f.Enum()).text(int32(v.Enum()))
	}
	return "", false
}
