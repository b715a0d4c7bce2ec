package validation_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A text is a string field of a request or, of a list of strings, its first item.
type text struct {
	in    protoreflect.Message
	field protoreflect.FieldDescriptor
}

// textsIn returns the texts of m and of the messages in it. It adds an item to a
// list of strings that is empty.
func textsIn(m protoreflect.Message) []text {
	var all []text
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.Message() != nil && !field.IsList():
			all = append(all, textsIn(m.Mutable(field).Message())...)
		case field.Message() != nil:
			all = append(all, textsIn(m.Mutable(field).List().Get(0).Message())...)
		case field.Kind() == protoreflect.StringKind:
			if field.IsList() && !m.Has(field) {
				m.Mutable(field).List().Append(protoreflect.ValueOfString("first"))
			}
			all = append(all, text{m, field})
		}
	}
	return all
}

// set sets the text and returns the one before.
func (t text) set(s string) string {
	if t.field.IsList() {
		list := t.in.Mutable(t.field).List()
		before := list.Get(0).String()
		list.Set(0, protoreflect.ValueOfString(s))
		return before
	}
	before := t.in.Get(t.field).String()
	t.in.Set(t.field, protoreflect.ValueOfString(s))
	return before
}

// FuzzTextMatchesProtovalidate sets each string of each request to a text, and wants
// that the fast function accepts it if and only if protovalidate does. Only some
// IPv6 addresses may be left to protovalidate.
func FuzzTextMatchesProtovalidate(f *testing.F) {
	for _, s := range []string{
		"", "a", "Z-9_.", "9a", "_a", "a b", " a", "a ", "a\n", "é", "a\x00", "\xff", "a\xff", "@", "[", "`", "{", "a/", "a:", "K", "ſ",
		"default", "DeFault", "default1", "deſault", "123", "1_", "_sys_", "_sys_a", "世x٣", "á", "ⅷ", "_.:+-@=,", "grant", "Grant", "BIND_QUEUE",
		strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("é", 64),
		strings.Repeat("世", 128), strings.Repeat("世", 129), strings.Repeat("世", 255), strings.Repeat("世", 256), strings.Repeat("a", 257), strings.Repeat("世", 257),
		uuid, strings.ToUpper(uuid), uuid[:35], uuid + "\n", strings.Repeat("g", 8) + uuid[8:], connection, connection + "0", "edsconnections." + uuid[:35],
		"0.0.0.0", "255.255.255.255", "256.0.0.0", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", "١.2.3.4", "1000.2.3.4",
		"1.2.3.4/8", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/", "/8", "1.2.3.4/+8", "::1", "::", ":::", "::ffff:1.2.3.4", "::FFFF:100.64.0.1/128", "fe80::1%eth0", "2001:db8::/32", "::/129",
		"1:2:3:4:5:6:7:8", "a:1", "a.b-c:65535", "a:65536", "a:0", "a:01", "a.:1", "-a:1", "a-:1", "a..b:1", ":1", "a:", "a_b:1", "a:1:1", "1.2.3.4:80", strings.Repeat("a.", 127) + "a:12345", strings.Repeat("a.", 127) + "aa:12345",
		"1:2:3:4:5:6:7::1.2.3.4", "12345::", "100.64.0.0", "100.63.0.0", "100.127.255.255/32", "100.128.0.0/9", "100.064.0.0", "100.+64.1.1", "100.7", "100.70.",
	} {
		f.Add(s)
	}
	ours, theirs := newValidator(f), newStock(f)
	noOffset := with(list(), func(r *connsvcv1.ListEnhancedConnectionsRequest) { r.Offset = 0 }) // a page_token excludes one
	requests := append(valid(), noOffset)
	f.Fuzz(func(t *testing.T, s string) {
		for _, request := range requests {
			m := proto.Clone(request)
			for _, text := range textsIn(m.ProtoReflect()) {
				before := text.set(s)
				want, got := stock(t, theirs, m) == nil, ours.Fast(m)
				mayBeSlow := text.field.Name() == "cidr" && strings.Contains(s, ":") && utf8.ValidString(s)
				if got != want && (got || !mayBeSlow) {
					t.Errorf("%s %q: accepted is %t, by protovalidate %t", text.field.FullName(), s, got, want)
				}
				text.set(before)
			}
		}
	})
}
