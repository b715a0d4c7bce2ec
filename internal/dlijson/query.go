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

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// DecodeQuery sets the given fields of m from a query, strictly: an unknown name
// and a repeated one are errors. An empty value counts as missing, except that a
// number must not be empty. Tags are "k=v,k2=v2". Errors are *Error, unless a
// field has a kind that a query cannot hold. A list of strings is the parameter once for
// each element.
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
		if isRepeated(fields[i]) {
			if err := appendParameters(m.ProtoReflect(), fields[i], q[name]); err != nil {
				return err
			}
			continue
		}
		if len(q[name]) > 1 {
			return &Error{Kind: Duplicate, Path: name, Offset: -1, Message: "parameter \"" + name + "\" stands twice"}
		}
		if len(q[name]) == 0 || q[name][0] == "" && fields[i].Kind() != protoreflect.Int32Kind {
			continue
		}
		v, err := parseParameter(m.ProtoReflect(), fields[i], q[name][0])
		if err != nil {
			return within(name, err)
		}
		m.ProtoReflect().Set(fields[i], v)
	}
	return nil
}

func parseParameter(m protoreflect.Message, f protoreflect.FieldDescriptor, text string) (v protoreflect.Value, err error) {
	if !utf8.ValidString(text) {
		return v, &Error{Kind: Encoding, Offset: -1, Message: "invalid UTF-8"}
	}
	switch {
	case isTags(f):
		return parseTags(m.NewField(f), text)
	case f.IsList():
	case f.Kind() == protoreflect.StringKind:
		return protoreflect.ValueOfString(text), nil
	case f.Kind() == protoreflect.Int32Kind:
		return parseNumber(text)
	case f.Kind() == protoreflect.EnumKind:
		n, ok := enumNumber(f.Enum(), text)
		if !ok {
			return v, unknownName(f.Enum(), -1)
		}
		return protoreflect.ValueOfEnum(n), nil
	case isDuration(f):
		return parseDuration(text, -1)
	}
	return v, fmt.Errorf("dlijson: field %s cannot be in a query", f.FullName())
}

// isRepeated reports whether a field is a list of strings.
func isRepeated(f protoreflect.FieldDescriptor) bool {
	return f.IsList() && f.Kind() == protoreflect.StringKind
}

func appendParameters(m protoreflect.Message, f protoreflect.FieldDescriptor, texts []string) error {
	if len(texts) > MaxRequestItems {
		return within(f.JSONName(), &Error{Kind: Range, Offset: -1, Message: TooManyItems})
	}
	list := m.Mutable(f).List()
	for i, text := range texts {
		if !utf8.ValidString(text) {
			return within(f.JSONName(), withinIndex(i, &Error{Kind: Encoding, Offset: -1, Message: "invalid UTF-8"}))
		}
		list.Append(protoreflect.ValueOfString(text))
	}
	return nil
}

func parseNumber(text string) (v protoreflect.Value, err error) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return v, &Error{Kind: Type, Offset: -1, Message: "expected a whole number"}
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return v, outOfRange(-1<<31, 1<<31-1, -1)
	}
	return protoreflect.ValueOfInt32(int32(n)), nil
}

func isTags(f protoreflect.FieldDescriptor) bool {
	return f.IsList() && f.Kind() == protoreflect.MessageKind && f.Message().FullName() == "connsvc.v1.Tag"
}

// parseTags appends the tags of a text to an empty list.
func parseTags(list protoreflect.Value, text string) (protoreflect.Value, error) {
	for i, part := range strings.Split(text, ",") {
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return list, withinIndex(i, &Error{Kind: Type, Offset: -1, Message: "expected key=value"})
		}
		tag := &connsvcv1.Tag{Key: key, Value: &value}
		list.List().Append(protoreflect.ValueOfMessage(tag.ProtoReflect()))
	}
	return list, nil
}

// EncodeQuery returns the given fields that are set in m. Fields of a kind that a
// query cannot hold, and enum numbers without a name, are left out.
func EncodeQuery(m proto.Message, fields []protoreflect.FieldDescriptor) url.Values {
	q := make(url.Values)
	for _, f := range fields {
		if !m.ProtoReflect().Has(f) {
			continue
		}
		if list := m.ProtoReflect().Get(f); isRepeated(f) {
			for i := range list.List().Len() {
				q.Add(f.JSONName(), list.List().Get(i).String())
			}
			continue
		}
		if text, ok := formatParameter(m.ProtoReflect().Get(f), f); ok {
			q.Set(f.JSONName(), text)
		}
	}
	return q
}

func formatParameter(v protoreflect.Value, f protoreflect.FieldDescriptor) (string, bool) {
	switch {
	case isTags(f):
		tags := make([]string, v.List().Len())
		for i := range tags {
			tag, _ := v.List().Get(i).Message().Interface().(*connsvcv1.Tag)
			tags[i] = tag.GetKey() + "=" + tag.GetValue()
		}
		return strings.Join(tags, ","), true
	case f.IsList():
	case f.Kind() == protoreflect.StringKind:
		return v.String(), true
	case f.Kind() == protoreflect.Int32Kind:
		return strconv.FormatInt(v.Int(), 10), true
	case f.Kind() == protoreflect.EnumKind:
		return enumName(f.Enum(), v.Enum())
	case isDuration(f):
		return formatDuration(v.Message())
	}
	return "", false
}
