package validation_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"buf.build/go/protovalidate"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// violations validates m, which must be invalid, and returns the *Error.
func violations(t *testing.T, m proto.Message) *validation.Error {
	t.Helper()
	var invalid *validation.Error
	if err := newValidator(t).Validate(m); !errors.As(err, &invalid) {
		t.Fatalf("Validate: %v, want an *Error", err)
	}
	return invalid
}

func TestErrorText(t *testing.T) {
	for want, m := range map[string]proto.Message{
		"the request is not valid: hosts[1].ip: must be a valid IPv4 address (string.ipv4)": with(updateHosts(),
			func(r *connsvcv1.UpdateEnhancedConnectionHostsRequest) { r.Hosts[1].Ip = "secret" }),
		"the request is not valid: name: must be 1 to 64 letters, digits, underscores or hyphens (route.name), and 1 more": with(createRoute(),
			func(r *connsvcv1.CreateRouteRequest) { r.Name, r.Cidr = "/", "/" }),
		"the request is not valid: at least one queue or elastic resource pool must be named (queues.none)": with(associate(),
			func(r *connsvcv1.AssociateQueuesRequest) { r.Queues = nil }),
	} {
		if got := violations(t, m).Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

// TestMessagesContainNoValue sets every string of every request to an invalid text
// that no message may contain.
func TestMessagesContainNoValue(t *testing.T) {
	const sent = "SENT/VALUE"
	for _, m := range valid() {
		spoil(m.ProtoReflect(), sent)
		invalid := violations(t, m)
		for _, v := range invalid.Violations {
			if strings.Contains(v.Field+v.RuleID+v.Message, sent) || v.Message == "" || v.RuleID == "" {
				t.Errorf("%T: violation %+v", m, v)
			}
		}
	}
}

// spoil sets every string in m to text.
func spoil(m protoreflect.Message, text string) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		switch {
		case field.IsList():
			for i := range value.List().Len() {
				if field.Message() != nil {
					spoil(value.List().Get(i).Message(), text)
				} else {
					value.List().Set(i, protoreflect.ValueOfString(text))
				}
			}
		case field.Kind() == protoreflect.StringKind:
			m.Set(field, protoreflect.ValueOfString(text))
		}
		return true
	})
}

func TestBadHostsAreCounted(t *testing.T) {
	const n = 20_000
	m := updateHosts()
	m.Hosts = hosts(n)
	for i, host := range m.Hosts {
		switch i % 4 {
		case 0:
			host.Name, host.Ip = "", ""
		case 1:
			host.Name = "-"
		case 2:
			host.Name, host.Ip = "-", "-"
		}
	}
	invalid := violations(t, m)
	if len(invalid.Violations) != validation.MaxViolations || invalid.Total != n {
		t.Errorf("%d violations of %d, want %d of %d", len(invalid.Violations), invalid.Total, validation.MaxViolations, n)
	}
	last := invalid.Violations[validation.MaxViolations-1]
	if want := "hosts[998].ip"; last.Field != want {
		t.Errorf("last violation is in %s, want %s", last.Field, want)
	}
}

// TestLongLists validates lists that fill the largest request. The number of
// violations shows how much of them is checked: one item more than is allowed.
func TestLongLists(t *testing.T) {
	const many = 1 << 20
	for _, c := range []struct {
		name    string
		request proto.Message
		field   string
		total   int
	}{
		{"hosts", with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			r.Hosts = make([]*connsvcv1.Host, many)
		}), "hosts", 1 + 20_001},
		{"queues", with(create(), func(r *connsvcv1.CreateEnhancedConnectionRequest) {
			r.Queues = make([]string, many)
		}), "queues", 2 + 1001},
		{"pools", with(disassociate(), func(r *connsvcv1.DisassociateQueuesRequest) {
			r.ElasticResourcePools = make([]string, many)
		}), "elastic_resource_pools", 2 + 1001},
		{"tags", with(list(), func(r *connsvcv1.ListEnhancedConnectionsRequest) {
			r.Tags = make([]*connsvcv1.Tag, many)
		}), "tags", 2 + 2*21},
		{"privileges", with(updatePrivileges(), func(r *connsvcv1.UpdatePrivilegesRequest) {
			r.Privileges[0].Privileges = make([]string, many)
		}), "privileges[0].privileges", 1 + 2},
		{"objects", with(updatePrivileges(), func(r *connsvcv1.UpdatePrivilegesRequest) {
			object := &connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{Privileges: make([]string, many)}
			r.Privileges = []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{object, object, object}
		}), "privileges", 1 + 2*(1+1+2)},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := proto.Size(c.request)
			invalid := violations(t, c.request)
			if !slices.ContainsFunc(invalid.Violations, func(v validation.Violation) bool {
				return v.Field == c.field && v.RuleID == "repeated.max_items"
			}) {
				t.Errorf("no violation of max_items in %s: %v", c.field, invalid)
			}
			if invalid.Total != c.total {
				t.Errorf("Total = %d, want %d", invalid.Total, c.total)
			}
			if after := proto.Size(c.request); after != before {
				t.Errorf("the request was changed: %d bytes became %d", before, after)
			}
		})
	}
}

// TestListsAreBounded wants a max_items for every list in a request: without one, the
// cost of a check has no limit.
func TestListsAreBounded(t *testing.T) {
	for _, m := range valid() {
		wantBounds(t, m.ProtoReflect().Descriptor())
	}
}

func wantBounds(t *testing.T, md protoreflect.MessageDescriptor) {
	t.Helper()
	for i := range md.Fields().Len() {
		field := md.Fields().Get(i)
		rules, err := protovalidate.ResolveFieldRules(field)
		if err != nil {
			t.Fatal(err)
		}
		if field.IsMap() || field.IsList() && !rules.GetRepeated().HasMaxItems() {
			t.Errorf("%s has no max_items", field.FullName())
		}
		if field.Message() != nil {
			wantBounds(t, field.Message())
		}
	}
}

func TestValidateChangesNothing(t *testing.T) {
	m := create()
	m.Tags, m.Hosts[0].Ip = tags(30), "x"
	before := proto.Clone(m)
	violations(t, m)
	if diff := cmp.Diff(before, m, protocmp.Transform()); diff != "" {
		t.Errorf("the request was changed (-before +after):\n%s", diff)
	}
}

func TestNoRequest(t *testing.T) {
	err := newValidator(t).Validate(&connsvcv1.EnhancedConnection{})
	var invalid *validation.Error
	if err == nil || errors.As(err, &invalid) {
		t.Errorf("Validate of a message that is no request: %v, want an error that is no *Error", err)
	}
}

func ExampleValidator() {
	v, err := validation.New()
	if err != nil {
		panic(err)
	}
	err = v.Validate(&connsvcv1.GetEnhancedConnectionRequest{ProjectId: "p1", ConnectionId: "../x"})
	fmt.Println(err)
	// Output: the request is not valid: connection_id: must be a valid UUID (string.uuid)
}
