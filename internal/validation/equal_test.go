package validation_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// stock returns what protovalidate alone finds in m, in its order.
func stock(t testing.TB, v protovalidate.Validator, m proto.Message) []validation.Violation {
	t.Helper()
	err := v.Validate(m)
	if err == nil {
		return nil
	}
	var refused *protovalidate.ValidationError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	var all []validation.Violation
	for _, violation := range refused.Violations {
		all = append(all, validation.Violation{
			Field:   protovalidate.FieldPathString(violation.Proto.GetField()),
			RuleID:  violation.Proto.GetRuleId(),
			Message: violation.Proto.GetMessage(),
		})
	}
	return all
}

func newStock(t testing.TB) protovalidate.Validator {
	t.Helper()
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// FuzzHostMatchesProtovalidate proves checkHost equal to the rules of the message
// Host: the same verdict, and the same rules.
func FuzzHostMatchesProtovalidate(f *testing.F) {
	for _, name := range []string{
		"", "a", "Z-9_.", "9a", "-a", "a b", "a\n", "é", "a\x00", "\xff", "a\xff", "@", "[", "`", "{", "a/", "a:", "K",
		strings.Repeat("a", 128), strings.Repeat("a", 129), strings.Repeat("é", 64),
	} {
		for _, ip := range []string{
			"", "0.0.0.0", "255.255.255.255", "256.0.0.0", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3",
			"01.2.3.4", "1.2.3.00", "0001.2.3.4", "1.2.3.4 ", "1.2.3.4/8", "::1", "::ffff:1.2.3.4", "1.2.3.x", "١.2.3.4", "1000.2.3.4",
		} {
			f.Add(name, ip)
		}
	}
	v := newStock(f)
	f.Fuzz(func(t *testing.T, name, ip string) {
		var want []string
		for _, violation := range stock(t, v, &connsvcv1.Host{Name: name, Ip: ip}) {
			want = append(want, violation.RuleID)
		}
		got := validation.HostRules(name, ip)
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("host %q %q (-protovalidate +ours):\n%s", name, ip, diff)
		}
	})
}

// TestRequestsMatchProtovalidate draws requests, good and bad, and wants the
// violations of protovalidate in its order and its words.
func TestRequestsMatchProtovalidate(t *testing.T) {
	ours, theirs := newValidator(t), newStock(t)
	rapid.Check(t, func(rt *rapid.T) {
		m := drawRequest(rt)
		want := stock(t, theirs, m)
		for i := range want {
			want[i].Field = strings.ReplaceAll(want[i].Field, "grantee_project_id", "projectId")
		}
		var got []validation.Violation
		if err := ours.Validate(m); err != nil {
			var refused *validation.Error
			if !errors.As(err, &refused) {
				rt.Fatal(err)
			}
			got = refused.Violations
			if refused.Total != len(want) {
				rt.Errorf("Total = %d, want %d", refused.Total, len(want))
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("%T (-protovalidate +ours):\n%s", m, diff)
		}
	})
}

// drawRequest draws a request of any RPC, with no list that is too long.
func drawRequest(t *rapid.T) proto.Message {
	id := rapid.SampledFrom([]string{"", project, "a/b", uuid, connection, "queue1", "123", "default", "BIND_QUEUE", "update", "10.0.0.0/8"})
	text := rapid.OneOf(id, rapid.StringN(0, 130, -1))
	names := rapid.SliceOfN(text, 0, 4)
	tags := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *connsvcv1.Tag {
		return &connsvcv1.Tag{Key: text.Draw(t, "key"), Value: rapid.Ptr(text, true).Draw(t, "value")}
	}), 0, 20)
	number := rapid.Int32Range(-2, 4)
	switch m := rapid.SampledFrom(valid()).Draw(t, "request").(type) {
	case *connsvcv1.CreateEnhancedConnectionRequest:
		m.ProjectId, m.Name = text.Draw(t, "project"), text.Draw(t, "name")
		m.DestVpcId, m.DestNetworkId, m.RoutetableId = id.Draw(t, "vpc"), id.Draw(t, "network"), id.Draw(t, "table")
		m.Queues, m.ElasticResourcePools = names.Draw(t, "queues"), names.Draw(t, "pools")
		m.Hosts, m.Tags, m.RequestId = drawHosts(t), tags.Draw(t, "tags"), id.Draw(t, "request ID")
		return m
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		m.ProjectId, m.ConnectionId, m.Hosts = text.Draw(t, "project"), id.Draw(t, "connection"), drawHosts(t)
		return m
	case *connsvcv1.ListEnhancedConnectionsRequest:
		m.Limit, m.Offset, m.Name = rapid.Ptr(number, true).Draw(t, "limit"), number.Draw(t, "offset"), text.Draw(t, "name")
		m.Status = connsvcv1.EnhancedConnection_Status(number.Draw(t, "status"))
		m.View = connsvcv1.EnhancedConnectionView(number.Draw(t, "view"))
		m.Tags = tags.Draw(t, "tags")
		return m
	case *connsvcv1.AssociateQueuesRequest:
		m.Queues, m.ElasticResourcePools = names.Draw(t, "queues"), names.Draw(t, "pools")
		return m
	case *connsvcv1.CreateRouteRequest:
		m.Name, m.Cidr = text.Draw(t, "name"), text.Draw(t, "cidr")
		return m
	case *connsvcv1.UpdatePrivilegesRequest:
		m.GranteeProjectId, m.Action = text.Draw(t, "grantee"), text.Draw(t, "action")
		m.Privileges[0].Object = text.Draw(t, "object")
		m.Privileges[0].Privileges = rapid.SliceOfN(text, 0, 1).Draw(t, "privileges")
		return m
	default:
		m.ProtoReflect().Clear(m.ProtoReflect().Descriptor().Fields().Get(rapid.IntRange(0, 1).Draw(t, "cleared")))
		return m
	}
}

// drawHosts draws hosts of which some, or most, are bad.
func drawHosts(t *rapid.T) []*connsvcv1.Host {
	name := rapid.OneOf(rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,130}`), rapid.StringN(0, 3, -1))
	ip := rapid.OneOf(rapid.StringMatching(`(1?[0-9]{1,2}\.){3}[0-9]{1,2}`), rapid.StringMatching(`[0-9.]{0,9}`))
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) *connsvcv1.Host {
		return &connsvcv1.Host{Name: name.Draw(t, "name"), Ip: ip.Draw(t, "ip")}
	}), 0, 60).Draw(t, "hosts")
}

// FuzzRequestMatchesProtovalidate is TestRequestsMatchProtovalidate on the bytes of
// a request: over-long lists, unknown fields and all.
func FuzzRequestMatchesProtovalidate(f *testing.F) {
	long := with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Tags, r.Hosts[1].Name = tags(25), "1" })
	for _, m := range []proto.Message{&connsvcv1.CreateEnhancedConnectionRequest{}, create(), long} {
		encoded, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	ours, theirs := newValidator(f), newStock(f)
	f.Fuzz(func(t *testing.T, encoded []byte) {
		m := &connsvcv1.CreateEnhancedConnectionRequest{}
		if proto.Unmarshal(encoded, m) != nil {
			return
		}
		want := stock(t, theirs, m)
		err := ours.Validate(m)
		if (err == nil) != (len(want) == 0) {
			t.Fatalf("Validate: %v, protovalidate: %v", err, want)
		}
		var refused *validation.Error
		if err == nil || !errors.As(err, &refused) {
			return
		}
		if refused.Total > len(want) || refused.Total == 0 {
			t.Errorf("Total = %d, protovalidate finds %d", refused.Total, len(want))
		}
		if !utf8.ValidString(err.Error()) {
			t.Errorf("the error is no UTF-8: %q", err)
		}
	})
}
