package validation_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
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
	var invalid *protovalidate.ValidationError
	if !errors.As(err, &invalid) {
		t.Fatal(err)
	}
	var all []validation.Violation
	for _, violation := range invalid.Violations {
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

// TestRequestsMatchProtovalidate draws valid and invalid requests, and wants the
// violations of protovalidate in its order and its words, with the fast functions
// and without.
func TestRequestsMatchProtovalidate(t *testing.T) {
	fast, theirs := newValidator(t), newStock(t)
	for name, ours := range map[string]*validation.Validator{
		"fast": fast, "fast hosts": fast.WithoutFast(true), "slow": fast.WithoutFast(false),
	} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(rt *rapid.T) {
				m := rapid.SampledFrom(valid()).Draw(rt, "request")
				redraw(rt, m.ProtoReflect())
				want := stock(t, theirs, m)
				for i := range want {
					want[i].Field = strings.ReplaceAll(want[i].Field, "grantee_project_id", "projectId")
				}
				var got []validation.Violation
				if err := ours.Validate(m); err != nil {
					var invalid *validation.Error
					if !errors.As(err, &invalid) {
						rt.Fatal(err)
					}
					got = invalid.Violations
					if invalid.Total != len(want) {
						rt.Errorf("Total = %d, want %d", invalid.Total, len(want))
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					rt.Errorf("%T (-protovalidate +ours):\n%s", m, diff)
				}
				if len(want) == 0 && !fast.Fast(m) && !mayBeSlow(m) {
					rt.Errorf("%T: valid, but not by its fast function", m)
				}
			})
		})
	}
}

// mayBeSlow reports whether m has an IPv6 address, which only protovalidate may
// accept.
func mayBeSlow(m proto.Message) bool {
	hasIPv6 := func(s *connsvcv1.EnhancedConnectionSpec) bool {
		return slices.ContainsFunc(s.GetRoutes(), func(r *connsvcv1.RouteSpec) bool { return strings.Contains(r.GetCidr(), ":") })
	}
	switch m := m.(type) {
	case *connsvcv1.CreateRouteRequest:
		return strings.Contains(m.GetCidr(), ":")
	case *connsvcv1.ApplyEnhancedConnectionRequest:
		return hasIPv6(m.GetConnection())
	case *connsvcv1.CompareEnhancedConnectionRequest:
		return slices.ContainsFunc(m.GetConnections(), hasIPv6)
	default:
		return false
	}
}

// redraw sets some fields of m, and of what it holds, to values that are often bad.
// No list becomes too long.
func redraw(t *rapid.T, m protoreflect.Message) {
	for i := range m.Descriptor().Fields().Len() {
		field := m.Descriptor().Fields().Get(i)
		switch rapid.SampledFrom([]string{"keep", "keep", "keep", "keep", "clear", "draw", "draw"}).Draw(t, string(field.Name())) {
		case "clear":
			m.Clear(field)
		case "draw":
			if !field.IsList() {
				m.Set(field, drawValue(t, field, m.NewField(field)))
				continue
			}
			rules, err := protovalidate.ResolveFieldRules(field)
			if err != nil {
				t.Fatal(err)
			}
			list := m.NewField(field).List()
			for range rapid.IntRange(0, int(min(rules.GetRepeated().GetMaxItems(), 30))).Draw(t, "length") {
				list.Append(drawValue(t, field, list.NewElement()))
			}
			m.Set(field, protoreflect.ValueOfList(list))
		}
	}
}

// drawValue draws a value of a field, which is no list; empty is an empty one.
func drawValue(t *rapid.T, field protoreflect.FieldDescriptor, empty protoreflect.Value) protoreflect.Value {
	switch field.Kind() {
	case protoreflect.MessageKind:
		redraw(t, empty.Message())
		return empty
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(rapid.Int32Range(-1, 4).Draw(t, "enum")))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(rapid.Bool().Draw(t, "bool"))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(rapid.Int64Range(-2, 4000).Draw(t, "number"))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(rapid.Int32Range(-2, 4).Draw(t, "number"))
	default:
		return protoreflect.ValueOfString(rapid.OneOf(
			rapid.SampledFrom([]string{
				"", project, "a/b", uuid, connection, "queue1", "123", "default", "BIND_QUEUE", "update", "grant",
				"hosts", "routes", "db.example.com:5432", "192.168.0.1:70000", "10.0.0.0/8", "192.168.0.1", "100.64.0.0/10", "2001:db8::/32", "_sys_x", " x", "x",
			}),
			rapid.StringMatching(`[A-Za-z][A-Za-z0-9_.-]{0,130}`),
			rapid.StringMatching(`(1?[0-9]{1,2}\.){3}[0-9]{1,2}`),
			rapid.StringN(0, 130, -1),
		).Draw(t, "text"))
	}
}

// FuzzRequestMatchesProtovalidate is TestRequestsMatchProtovalidate on the bytes of
// requests: over-long lists, unknown fields and all.
func FuzzRequestMatchesProtovalidate(f *testing.F) {
	long := with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) { r.Tags, r.Hosts[1].Name = tags(25), "1" })
	all := valid()
	for i, m := range append(all, long, &connsvcv1.CreateEnhancedConnectionRequest{}) {
		encoded, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i%len(all)), encoded)
	}
	ours, theirs := newValidator(f), newStock(f)
	f.Fuzz(func(t *testing.T, which uint8, encoded []byte) {
		m := proto.Clone(all[int(which)%len(all)])
		proto.Reset(m)
		if proto.Unmarshal(encoded, m) != nil {
			return
		}
		want := stock(t, theirs, m)
		err := ours.Validate(m)
		if (err == nil) != (len(want) == 0) {
			t.Fatalf("Validate: %v, protovalidate: %v", err, want)
		}
		if slow := ours.WithoutFast(true).Validate(m); fmt.Sprint(slow) != fmt.Sprint(err) {
			t.Fatalf("Validate: %v, without its fast function: %v", err, slow)
		}
		var invalid *validation.Error
		if err == nil || !errors.As(err, &invalid) {
			return
		}
		if invalid.Total > len(want) || invalid.Total == 0 {
			t.Errorf("Total = %d, protovalidate finds %d", invalid.Total, len(want))
		}
		if !utf8.ValidString(err.Error()) {
			t.Errorf("the error is no UTF-8: %q", err)
		}
	})
}

// FuzzHostMatchesProtovalidate proves that brokenByHost counts as protovalidate
// does: the Total of an Error includes its counts.
func FuzzHostMatchesProtovalidate(f *testing.F) {
	for _, name := range []string{"", "a", "-a", "a b", "é", "\xff", strings.Repeat("a", 128), strings.Repeat("a", 129)} {
		for _, ip := range []string{"", "0.0.0.0", "256.0.0.0", "01.2.3.4", "::1"} {
			f.Add(name, ip)
		}
	}
	theirs := newStock(f)
	f.Fuzz(func(t *testing.T, name, ip string) {
		host := &connsvcv1.Host{Name: name, Ip: ip}
		if got, want := validation.BrokenByHost(host), len(stock(t, theirs, host)); got != want {
			t.Errorf("host %q %q breaks %d rules, by protovalidate %d", name, ip, got, want)
		}
	})
}
