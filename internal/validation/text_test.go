package validation_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/connsvc/connsvc/internal/validation"
)

// A textRule is the rules of one string of the contract, by protovalidate and by
// the quick check.
type textRule struct {
	where  protoreflect.FullName
	stock  protoreflect.MessageDescriptor // with such a string, and no other field
	broken func(string) int
}

// textRules returns the rules of all strings that requests hold.
func textRules(t testing.TB) []textRule {
	t.Helper()
	var all []textRule
	seen := make(map[string]bool)
	var add func(md protoreflect.MessageDescriptor)
	add = func(md protoreflect.MessageDescriptor) {
		for i := range md.Fields().Len() {
			field := md.Fields().Get(i)
			if field.Message() != nil {
				add(field.Message())
			}
			rules, err := protovalidate.ResolveFieldRules(field)
			if err != nil {
				t.Fatal(err)
			}
			if field.IsList() {
				rules = rules.GetRepeated().GetItems()
			}
			if field.Kind() != protoreflect.StringKind || rules == nil || seen[rules.String()] {
				continue
			}
			seen[rules.String()] = true
			broken, err := validation.TextCheck(rules)
			if err != nil {
				t.Fatalf("%s: %v", field.FullName(), err)
			}
			all = append(all, textRule{field.FullName(), oneString(t, len(all), rules), broken})
		}
	}
	for _, m := range valid() {
		add(m.ProtoReflect().Descriptor())
	}
	return all
}

// oneString makes a message type with one string of the given rules.
func oneString(t testing.TB, n int, rules *validate.FieldRules) protoreflect.MessageDescriptor {
	t.Helper()
	options := &descriptorpb.FieldOptions{}
	proto.SetExtension(options, validate.E_Field, rules)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String(fmt.Sprintf("one%d.proto", n)), Syntax: new("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{{
			Name: proto.String(fmt.Sprintf("One%d", n)),
			Field: []*descriptorpb.FieldDescriptorProto{{
				Name: new("value"), Number: proto.Int32(1), Options: options,
				Type: descriptorpb.FieldDescriptorProto_TYPE_STRING.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum(),
			}},
		}},
	}, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().Get(0)
}

// FuzzTextMatchesProtovalidate proves the predicates of all rules of strings equal
// to the rules: they break as many. Only of IPv6 may a predicate know less.
func FuzzTextMatchesProtovalidate(f *testing.F) {
	for _, s := range []string{
		"", "a", "Z-9_.", "9a", "_a", "a b", " a", "a ", "a\n", "é", "a\x00", "\xff", "a\xff", "@", "[", "`", "{", "a/", "a:", "K", "ſ",
		"default", "DeFault", "default1", "deſault", "123", "1_", "_sys_", "_sys_a", "世x٣", "á", "ⅷ", "_.:+-@=,", "grant", "Grant", "BIND_QUEUE",
		strings.Repeat("a", 64), strings.Repeat("a", 65), strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("é", 64),
		strings.Repeat("世", 128), strings.Repeat("世", 129), strings.Repeat("世", 255), strings.Repeat("世", 256), strings.Repeat("a", 257), strings.Repeat("世", 257),
		uuid, strings.ToUpper(uuid), uuid[:35], uuid + "\n", strings.Repeat("g", 8) + uuid[8:], connection, connection + "0", "edsconnections." + uuid[:35],
		"0.0.0.0", "255.255.255.255", "256.0.0.0", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "01.2.3.4", "1.2.3.00", "1.2.3.4 ", "١.2.3.4", "1000.2.3.4",
		"1.2.3.4/8", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/", "/8", "1.2.3.4/+8", "::1", "::", ":::", "::ffff:1.2.3.4", "::FFFF:100.64.0.1/128", "fe80::1%eth0", "2001:db8::/32", "::/129",
		"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::1.2.3.4", "12345::", "100.64.0.0", "100.63.0.0", "100.127.255.255/32", "100.128.0.0/9", "100.064.0.0", "100.+64.1.1", "100.7", "100.70.",
	} {
		f.Add(s)
	}
	v, rules := newStock(f), textRules(f)
	f.Fuzz(func(t *testing.T, s string) {
		for _, rule := range rules {
			m := dynamicpb.NewMessage(rule.stock)
			m.Set(rule.stock.Fields().Get(0), protoreflect.ValueOfString(s))
			want, got := len(stock(t, v, m)), rule.broken(s)
			if got != want && (got < want || !strings.Contains(s, ":") || rule.where.Name() != "cidr" || !utf8.ValidString(s)) {
				t.Errorf("%s %q: breaks %d rules, by protovalidate %d", rule.where, s, got, want)
			}
		}
	})
}
