package validation_test

import (
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// TestRulesArePinned fails when a rule of the contract is new or changed. Until it
// is pinned, protovalidate alone checks the type: correctly, but slowly.
func TestRulesArePinned(t *testing.T) {
	unpinned, err := validation.Unpinned()
	if err != nil {
		t.Fatal(err)
	}
	for name, hash := range unpinned {
		t.Errorf("the rules of %s have changed: adapt its function in requests.go, pin %q there, then prove both equal with the fuzz tests", name, hash)
	}
}

// TestValidRequestsNeedNoProtovalidate uses a Validator that panics if it needs one.
func TestValidRequestsNeedNoProtovalidate(t *testing.T) {
	v := newValidator(t).WithoutProtovalidate()
	for _, m := range append(valid(),
		with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			r.Queues, r.ElasticResourcePools, r.Hosts, r.Tags = names(1000), nil, hosts(20_000), tags(20)
			r.RoutetableId, r.RequestId = "", ""
		}),
		with(list(), func(r *connsvcv1.ListEnhancedConnectionsRequest) {
			r.Limit, r.Offset, r.Name, r.PageToken = nil, 0, "", strings.Repeat("世", 256)
		}),
		with(createRoute(), func(r *connsvcv1.CreateRouteRequest) { r.Cidr = "2001:db8::/32" }),
		with(updatePrivileges(), func(r *connsvcv1.UpdatePrivilegesRequest) {
			r.Action, r.Privileges[0].Privileges = "update", nil
		}),
	) {
		if err := v.Validate(m); err != nil {
			t.Errorf("%T: %v", m, err)
		}
	}
}

// TestChangedRules changes the contract and wants that a type with any change in its
// rules has no fast function.
func TestChangedRules(t *testing.T) {
	type (
		create = connsvcv1.CreateEnhancedConnectionRequest
		update = connsvcv1.UpdatePrivilegesRequest
	)
	for _, c := range []struct {
		name    string
		message proto.Message
		change  func(m *descriptorpb.DescriptorProto)
		fast    bool
	}{
		{"nothing", &create{}, func(*descriptorpb.DescriptorProto) {}, true},
		{"another expression", &create{}, onField("name", func(r *validate.FieldRules) {
			r.GetCel()[0].SetExpression("this.matches('^[A-Z]+$')")
		}), false},
		{"another ID", &create{}, onField("name", func(r *validate.FieldRules) {
			r.GetCel()[0].SetId("connection.other")
		}), false},
		{"one more CEL rule", &create{}, onField("dest_vpc_id", func(r *validate.FieldRules) {
			r.SetCel(append(r.GetCel(), validate.Rule_builder{Id: new("more"), Expression: new("true")}.Build()))
		}), false},
		{"a rule of another type", &create{}, onField("name", func(r *validate.FieldRules) {
			r.SetCel([]*validate.Rule{validate.Rule_builder{
				Id: new("tags.unique"), Expression: new("this.map(tag, tag.key).unique()"),
			}.Build()})
		}), false},
		{"a rule of another list", &create{}, onField("queues", func(r *validate.FieldRules) {
			r.SetCel([]*validate.Rule{validate.Rule_builder{
				Id: new("tags.unique"), Expression: new("this.map(tag, tag.key).unique()"),
			}.Build()})
		}), false},
		{"a rule of texts on a list", &create{}, onField("tags", func(r *validate.FieldRules) {
			r.SetCel([]*validate.Rule{validate.Rule_builder{
				Id: new("tag.key.reserved"), Expression: new("!this.startsWith('_sys_')"),
			}.Build()})
		}), false},
		{"a bare expression", &create{}, onField("name", func(r *validate.FieldRules) {
			r.SetCelExpression([]string{"this != 'x'"})
		}), false},
		{"a rule of strings", &create{}, onField("name", func(r *validate.FieldRules) {
			r.SetString(validate.StringRules_builder{MinBytes: proto.Uint64(3)}.Build())
		}), false},
		{"one more rule", &create{}, onField("dest_vpc_id", func(r *validate.FieldRules) {
			r.GetString().SetPrefix("2")
		}), false},
		{"a rule of items", &create{}, onField("queues", func(r *validate.FieldRules) {
			r.GetRepeated().GetItems().SetString(validate.StringRules_builder{Suffix: new("x")}.Build())
		}), false},
		{"required items", &create{}, onField("queues", func(r *validate.FieldRules) {
			r.GetRepeated().GetItems().SetRequired(true)
		}), false},
		{"a rule of messages in a list", &create{}, onField("hosts", func(r *validate.FieldRules) {
			r.GetRepeated().SetItems(validate.FieldRules_builder{CelExpression: []string{"true"}}.Build())
		}), false},
		{"unique messages", &create{}, onField("hosts", func(r *validate.FieldRules) {
			r.GetRepeated().SetUnique(true)
		}), false},
		{"always ignored", &create{}, onField("name", func(r *validate.FieldRules) {
			r.SetIgnore(validate.Ignore_IGNORE_ALWAYS)
		}), false},
		{"another bound", &create{}, onField("queues", func(r *validate.FieldRules) {
			r.GetRepeated().SetMinItems(1)
		}), false},
		{"a rule of numbers", &connsvcv1.ListEnhancedConnectionsRequest{}, onField("offset", func(r *validate.FieldRules) {
			r.GetInt32().SetLte(7)
		}), false},
		{"a rule of enums", &connsvcv1.ListEnhancedConnectionsRequest{}, onField("status", func(r *validate.FieldRules) {
			r.GetEnum().SetNotIn([]int32{1})
		}), false},
		{"a rule of the message", &connsvcv1.AssociateQueuesRequest{}, onMessage(func(r *validate.MessageRules) {
			r.GetCel()[0].SetExpression("true")
		}), false},
		{"a rule of fields that exclude each other", &update{}, onMessage(func(r *validate.MessageRules) {
			r.SetOneof([]*validate.MessageOneofRule{validate.MessageOneofRule_builder{Fields: []string{"action"}}.Build()})
		}), false},
		{"a rule in an inner message", &update{}, func(m *descriptorpb.DescriptorProto) {
			onField("object", func(r *validate.FieldRules) { r.SetString(validate.StringRules_builder{Ip: proto.Bool(true)}.Build()) })(m.GetNestedType()[0])
		}, false},
		{"a oneof", &create{}, func(m *descriptorpb.DescriptorProto) {
			m.OneofDecl = []*descriptorpb.OneofDescriptorProto{{Name: new("either")}}
			m.GetField()[0].OneofIndex = new(int32(0))
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			fast, err := validation.HasFast(changed(t, c.message.ProtoReflect().Descriptor(), c.change))
			if err != nil || fast != c.fast {
				t.Errorf("has a fast function: %t, %v, want %t", fast, err, c.fast)
			}
		})
	}
}

// changed returns md after a change of its file.
func changed(t *testing.T, md protoreflect.MessageDescriptor, change func(*descriptorpb.DescriptorProto)) protoreflect.MessageDescriptor {
	t.Helper()
	text := proto.CloneOf(protodesc.ToFileDescriptorProto(md.ParentFile()))
	change(text.GetMessageType()[md.Index()])
	file, err := protodesc.NewFile(text, protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().Get(md.Index())
}

func onField(name string, change func(*validate.FieldRules)) func(*descriptorpb.DescriptorProto) {
	return func(m *descriptorpb.DescriptorProto) {
		for _, field := range m.GetField() {
			if field.GetName() != name {
				continue
			}
			rules := proto.CloneOf(proto.GetExtension(field.GetOptions(), validate.E_Field).(*validate.FieldRules))
			change(rules)
			proto.SetExtension(field.GetOptions(), validate.E_Field, rules)
		}
	}
}

func onMessage(change func(*validate.MessageRules)) func(*descriptorpb.DescriptorProto) {
	return func(m *descriptorpb.DescriptorProto) {
		rules := proto.CloneOf(proto.GetExtension(m.GetOptions(), validate.E_Message).(*validate.MessageRules))
		change(rules)
		proto.SetExtension(m.GetOptions(), validate.E_Message, rules)
	}
}
