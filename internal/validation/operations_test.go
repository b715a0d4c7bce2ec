package validation_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func TestListRules(t *testing.T) {
	type request = connsvcv1.ListEnhancedConnectionsRequest
	change := func(name string, change func(*request), want ...string) ruleCase {
		return ruleCase{name: name, request: with(list(), change), want: want}
	}
	runCases(t, []ruleCase{
		change("nothing but the project", func(r *request) { proto.Reset(r); r.ProjectId = project }),
		change("limit 0", func(r *request) { r.Limit = new(int32(0)) }),
		change("limit -1", func(r *request) { r.Limit = new(int32(-1)) }, "limit int32.gte"),
		change("offset 0", func(r *request) { r.Offset = 0 }),
		change("offset -1", func(r *request) { r.Offset = -1 }, "offset int32.gte"),
		change("status known", func(r *request) { r.Status = connsvcv1.EnhancedConnection_DELETED }),
		change("status unknown", func(r *request) { r.Status = 3 }, "status enum.defined_only"),
		change("view known", func(r *request) { r.View = connsvcv1.EnhancedConnectionView_FULL }),
		change("view unknown", func(r *request) { r.View = -1 }, "view enum.defined_only"),
		change("name of 64", func(r *request) { r.Name = strings.Repeat("a", 64) }),
		change("name of 65", func(r *request) { r.Name = strings.Repeat("a", 65) }),
	})
}

func TestRouteRules(t *testing.T) {
	var cases []ruleCase
	for _, c := range []struct{ value, want string }{
		{strings.Repeat("a", 64), ""},
		{"A_-9", ""},
		{"", "name route.name"},
		{strings.Repeat("a", 65), "name route.name"},
		{"a/b", "name route.name"},
		{"..", "name route.name"},
		{"a.b", "name route.name"},
	} {
		cases = append(cases,
			ruleCase{
				fmt.Sprintf("create name %.20q", c.value),
				with(createRoute(), func(r *connsvcv1.CreateRouteRequest) { r.Name = c.value }), one(c.want),
			},
			ruleCase{
				fmt.Sprintf("delete name %.20q", c.value),
				&connsvcv1.DeleteRouteRequest{ProjectId: project, ConnectionId: uuid, Name: c.value}, one(c.want),
			})
	}
	const form, reserved = "cidr route.cidr", "cidr route.cidr.reserved"
	for _, c := range []struct{ cidr, want string }{
		{"10.0.0.0/8", ""},
		{"10.1.2.3/8", ""},
		{"10.1.2.3", ""},
		{"0.0.0.0/0", ""},
		{"10.0.0.0/32", ""},
		{"2001:db8::/32", ""},
		{"2001:db8::1", ""},
		{"", form},
		{"10.0.0.0/33", form},
		{"10.0.0/8", form},
		{"10.0.0.0/", form},
		{"2001:db8::/129", form},
		{"example.com", form},
		{"100.63.255.255", ""},
		{"100.64.0.0", reserved},
		{"100.64.0.0/10", reserved},
		{"100.99.1.0/24", reserved},
		{"100.109.0.1", reserved},
		{"100.119.0.1", reserved},
		{"100.125.0.0/16", reserved},
		{"100.127.255.255/32", reserved},
		{"100.128.0.0", ""},
		{"100.6.4.0/24", ""},
	} {
		cases = append(cases, ruleCase{
			fmt.Sprintf("cidr %q", c.cidr),
			with(createRoute(), func(r *connsvcv1.CreateRouteRequest) { r.Cidr = c.cidr }), one(c.want),
		})
	}
	runCases(t, cases)
}

// one returns the list of s, if it is not empty.
func one(s string) []string {
	if s == "" {
		return nil
	}
	return []string{s}
}

func TestPrivilegeRules(t *testing.T) {
	type request = connsvcv1.UpdatePrivilegesRequest
	change := func(name string, change func(*request), want ...string) ruleCase {
		return ruleCase{name: name, request: with(updatePrivileges(), change), want: want}
	}
	cases := []ruleCase{
		change("revoke", func(r *request) { r.Action = "revoke" }),
		change("update", func(r *request) { r.Action = "update" }),
		change("update to none", func(r *request) { r.Action, r.Privileges[0].Privileges = "update", nil }),
		change("grant none", func(r *request) { r.Privileges[0].Privileges = nil }, " privileges.none"),
		change("revoke none", func(r *request) { r.Action, r.Privileges[0].Privileges = "revoke", nil }, " privileges.none"),
		change("no action", func(r *request) { r.Action = "" }, "action string.in"),
		change("upper case", func(r *request) { r.Action = "Grant" }, "action string.in"),
		change("grantee of 65", func(r *request) { r.GranteeProjectId = strings.Repeat("a", 65) }, "projectId project_id"),
		change("no grantee", func(r *request) { r.GranteeProjectId = "" }, "projectId project_id"),
		change("no object", func(r *request) { r.Privileges = nil }, "privileges repeated.min_items"),
		change("two objects", func(r *request) { r.Privileges = append(r.Privileges, r.Privileges[0]) }, "privileges repeated.max_items"),
		change("another privilege", func(r *request) { r.Privileges[0].Privileges[0] = "DROP_QUEUE" }, "privileges[0].privileges[0] string.in"),
		change("two privileges", func(r *request) { r.Privileges[0].Privileges = []string{"BIND_QUEUE", "BIND_QUEUE"} },
			"privileges[0].privileges repeated.max_items"),
	}
	for _, c := range []struct{ object, rule string }{
		{"edsconnections." + strings.ToUpper(uuid), ""},
		{"", "privilege.object"},
		{uuid, "privilege.object"},
		{"edsconnections.", "privilege.object"},
		{"edsconnections." + uuid[:35], "privilege.object"},
		{connection + "0", "privilege.object"},
		{"queues." + uuid, "privilege.object"},
		{"edsconnections./" + uuid, "privilege.object"},
	} {
		inUpdate, inList := []string(nil), []string(nil)
		if c.rule != "" {
			inUpdate, inList = []string{"privileges[0].object " + c.rule}, []string{"object " + c.rule}
		}
		cases = append(cases,
			change(fmt.Sprintf("update %q", c.object), func(r *request) { r.Privileges[0].Object = c.object }, inUpdate...),
			ruleCase{
				fmt.Sprintf("list %q", c.object),
				&connsvcv1.ListPrivilegesByObjectRequest{ProjectId: project, Object: c.object}, inList,
			})
	}
	runCases(t, cases)
}
