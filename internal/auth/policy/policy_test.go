package policy_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
)

func compiled(t *testing.T, rules ...*configv1.PolicyRule) *policy.Policy {
	t.Helper()
	p, problems := policy.Compile(&configv1.Policy{Rules: rules, CostLimit: 1_000_000, Message: "ask us"})
	if problems != nil {
		t.Fatal(problems)
	}
	return p
}

func when(expression string, methods ...string) *configv1.PolicyRule {
	return &configv1.PolicyRule{Name: "r", Methods: methods, When: expression}
}

var finance = call.NewPrincipal(call.JWT, "corp/alice", []string{"finance"}, map[string]string{"prefix": "bill_"})

func create(hosts int) *connsvcv1.CreateEnhancedConnectionRequest {
	r := &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: "p1", Name: "bill_1", DestVpcId: "vpc-1"}
	for i := range hosts {
		r.Hosts = append(r.Hosts, &connsvcv1.Host{Name: fmt.Sprint("h", i), Ip: fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255)})
	}
	return r
}

func decide(p *policy.Policy, method string, req proto.Message) policy.Decision {
	return p.Decide(context.Background(), policy.Input{
		Principal: finance, Method: method, Request: req, Now: time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC),
		Connection: func(context.Context) (*connsvcv1.EnhancedConnection, error) {
			return &connsvcv1.EnhancedConnection{Name: "bill_2"}, nil
		},
	})
}

// TestExpressions: what rules can say of a create.
func TestExpressions(t *testing.T) {
	for _, tt := range []struct {
		expression string
		want       bool
	}{
		{`true`, true},
		{`principal.id == "corp/alice"`, true},
		{`principal.kind == "jwt"`, true},
		{`principal.name == "jwt:corp/alice"`, true},
		{`"finance" in principal.groups`, true},
		{`"sre" in principal.groups`, false},
		{`request.name.startsWith(principal.attributes["prefix"])`, true},
		{`principal.attributes[?"team"].orValue("") == ""`, true},
		{`"team" in principal.attributes`, false},
		{`project in ["p1", "p2"]`, true},
		{`request.dest_vpc_id in ["vpc-2"]`, false},
		{`size(request.hosts) <= 500`, true},
		{`request.hosts.all(h, cidr("10.0.0.0/8").containsIP(h.ip))`, true},
		{`request.hosts.all(h, cidr("10.0.0.0/16").containsIP(ip(h.ip)))`, true},
		{`request.hosts.exists(h, cidr("192.168.0.0/16").containsIP(h.ip))`, false},
		{`method == "CreateEnhancedConnection"`, true},
		{`now < timestamp("2027-01-01T00:00:00Z")`, true},
		{`now.getHours() >= 8 && now.getDayOfWeek() in [1, 2, 3, 4, 5]`, false},
		{`sets.contains(["finance", "sre"], principal.groups)`, true},
		{`request.tags.exists(t, t.key == "owner")`, false},
		{`!has(request.routetable_id)`, true},
	} {
		if d := decide(compiled(t, when(tt.expression, "CreateEnhancedConnection")), "CreateEnhancedConnection", create(3)); d.Allowed != tt.want || d.Err != nil {
			t.Errorf("%s: got %+v", tt.expression, d)
		}
	}
}

// TestOrder: the first rule that applies decides; without one the call is denied.
func TestOrder(t *testing.T) {
	deny := when(`request.connection_id == "b"`, "DeleteEnhancedConnection")
	deny.Name, deny.Effect, deny.Message = "deny", configv1.PolicyRule_DENY, "not b"
	p := compiled(t, deny, when("", "DeleteEnhancedConnection", "GetEnhancedConnection"))
	for _, tt := range []struct {
		method string
		req    proto.Message
		want   policy.Decision
	}{
		{"DeleteEnhancedConnection", &connsvcv1.DeleteEnhancedConnectionRequest{ConnectionId: "a"}, policy.Decision{Allowed: true, Rule: "r"}},
		{"DeleteEnhancedConnection", &connsvcv1.DeleteEnhancedConnectionRequest{ConnectionId: "b"}, policy.Decision{Rule: "deny", Message: "not b"}},
		{"GetEnhancedConnection", &connsvcv1.GetEnhancedConnectionRequest{ConnectionId: "b"}, policy.Decision{Allowed: true, Rule: "r"}},
		{"CreateRoute", &connsvcv1.CreateRouteRequest{}, policy.Decision{Message: "ask us"}},
		{"NewMethod", &connsvcv1.CreateRouteRequest{}, policy.Decision{Message: "ask us"}},
	} {
		if d := decide(p, tt.method, tt.req); d != tt.want {
			t.Errorf("%s %v: got %+v, want %+v", tt.method, tt.req, d, tt.want)
		}
	}
}

// TestFailClosed: a rule that cannot be evaluated denies, also where a later one allows.
func TestFailClosed(t *testing.T) {
	for _, expression := range []string{
		`principal.attributes["absent"] == "x"`,
		`request.hosts.all(h, cidr("10.0.0.0/8").containsIP(h.name))`,
		`request.hosts.all(a, request.hosts.all(b, a.name + b.name != ""))`, // it costs too much
	} {
		d := decide(compiled(t, when(expression, "CreateEnhancedConnection"), when("true")), "CreateEnhancedConnection", create(2000))
		if d.Allowed || d.Err == nil || d.Rule != "r" {
			t.Errorf("%s: got %+v", expression, d)
		}
	}
}

// TestLargestRequest is within the default limit of costs.
func TestLargestRequest(t *testing.T) {
	p := compiled(t, when(`request.hosts.all(h, cidr("10.0.0.0/8").containsIP(h.ip))`, "CreateEnhancedConnection"))
	if d := decide(p, "CreateEnhancedConnection", create(20_000)); !d.Allowed {
		t.Errorf("got %+v", d)
	}
}

// TestDeadline ends an evaluation.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := compiled(t, when(`request.hosts.all(h, h.name != "")`, "CreateEnhancedConnection")).
		Decide(ctx, policy.Input{Principal: finance, Method: "CreateEnhancedConnection", Request: create(5000)})
	if d.Allowed || d.Err == nil {
		t.Errorf("got %+v", d)
	}
}

// TestConnection is looked up only by a rule that needs it, and once.
func TestConnection(t *testing.T) {
	p := compiled(t,
		when(`request.connection_id == "known"`, "DeleteEnhancedConnection"),
		when(`connection.name == "other"`, "DeleteEnhancedConnection"),
		when(`connection.name.startsWith(principal.attributes["prefix"])`, "DeleteEnhancedConnection"))
	missing := errors.New("missing")
	for _, tt := range []struct {
		id, name string
		err      error
		allowed  bool
		lookups  int
	}{{"known", "", missing, true, 0}, {"x", "bill_1", nil, true, 1}, {"x", "team_1", nil, false, 1}, {"x", "", missing, false, 1}} {
		lookups := 0
		d := p.Decide(t.Context(), policy.Input{
			Principal: finance, Method: "DeleteEnhancedConnection", Request: &connsvcv1.DeleteEnhancedConnectionRequest{ConnectionId: tt.id},
			Connection: func(context.Context) (*connsvcv1.EnhancedConnection, error) {
				lookups++
				return &connsvcv1.EnhancedConnection{Name: tt.name}, tt.err
			},
		})
		if d.Allowed != tt.allowed || lookups != tt.lookups || (d.Lookup != nil) != (tt.err != nil && tt.lookups > 0) {
			t.Errorf("%+v: got %+v after %d lookups", tt, d, lookups)
		}
	}
}

// TestFilter shows the connections that the caller may get.
func TestFilter(t *testing.T) {
	in := policy.Input{Principal: finance, Method: "ListEnhancedConnections", Request: &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: "p1"}}
	mine, other := &connsvcv1.EnhancedConnection{Id: "1", Name: "bill_1"}, &connsvcv1.EnhancedConnection{Id: "2", Name: "team_1"}
	for expression, want := range map[string]string{
		`connection.name.startsWith("bill_")`: "true false",
		`request.connection_id == "2"`:        "false true",
		`project == "p2"`:                     "false false",
		`project == "p1"`:                     "all",
	} {
		visible := compiled(t, when(expression, "GetEnhancedConnection")).Filter(t.Context(), in)
		got := "all"
		if visible != nil {
			got = fmt.Sprint(visible(mine), visible(other))
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", expression, got, want)
		}
	}
}

// TestProblems names rule, place and method of each mistake.
func TestProblems(t *testing.T) {
	for _, tt := range []struct {
		rule *configv1.PolicyRule
		want string
	}{
		{when("true", "Create"), `policy.rules[1].methods: no RPC "Create": they are AddHosts, ApplyEnhancedConnection, `},
		{when("request.nme == ''", "CreateEnhancedConnection"), "policy.rules[1].when: line 1, column 8 of the expression: undefined field 'nme' (for CreateEnhancedConnection)"},
		{when("true &&\n request.name == 1", "CreateEnhancedConnection"), "line 2, column 15 of the expression: found no matching overload"},
		{when("request.name", "CreateEnhancedConnection"), "must be true or false, but is of type string"},
		{when("connection.name == ''", "CreateEnhancedConnection"), "undeclared reference to 'connection'"},
		{when("request.name == ''"), "undefined field 'name' (for AddHosts, ApplyEnhancedConnection, "},
		{when("principal.nme == ''", "CreateRoute"), "undefined field 'nme'"},
		{when("1 +", "CreateRoute"), "Syntax error"},
	} {
		_, problems := policy.Compile(&configv1.Policy{Rules: []*configv1.PolicyRule{when("true"), tt.rule}, CostLimit: 1000})
		if err := policy.Error(problems); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("got %v, want %s", err, tt.want)
		}
	}
}
