package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/server"
)

// governed starts a server with a policy, whose caller is token:orders of the group ops.
func governed(t *testing.T, service connsvcv1.ConnectionServiceServer, cfg *configv1.Policy) *bench {
	t.Helper()
	return guarded(t, service, authConfig(), func(s *setup) {
		options := s.options
		s.options = func(o *server.Options) {
			options(o)
			cfg.CostLimit = 1_000_000
			var problems []policy.Problem
			if o.Guard.Policy, problems = policy.Compile(cfg); problems != nil {
				t.Fatal(problems)
			}
		}
	})
}

func rule(name, when string, methods ...string) *configv1.PolicyRule {
	return &configv1.PolicyRule{Name: name, When: when, Methods: methods}
}

// TestPolicy denies over both APIs what no rule allows, before the service is called.
func TestPolicy(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		var calls atomic.Int64
		service := &stub{on: func(context.Context, proto.Message) error { calls.Add(1); return nil }}
		forbid := rule("not-b", `request.name == "b"`, "CreateEnhancedConnection")
		forbid.Effect, forbid.Message = configv1.PolicyRule_DENY, "b is not for you"
		b := governed(t, service, &configv1.Policy{Message: "ask the platform team", Rules: []*configv1.PolicyRule{
			forbid, rule("ops", `"ops" in principal.groups && request.name in ["a", "b"]`, "CreateEnhancedConnection"),
			rule("broken", `principal.attributes["x"] == ""`, "CreateEnhancedConnection"),
		}})
		for _, tt := range []struct {
			name, reason, text string
			calls              int64
			want               map[string]any
		}{
			{"a", "", "", 1, map[string]any{"rule": "ops", "caller": "token:orders"}},
			{"b", "POLICY_DENIED", "b is not for you", 0, map[string]any{"rule": "not-b", "reason": "POLICY_DENIED"}},
			{"c", "POLICY_DENIED", "could not be evaluated", 0, map[string]any{"rule": "broken"}},
		} {
			before := calls.Load()
			request := createRequest()
			request.Name = tt.name
			got := d.create(t, b, request, bearer(callerToken))
			if got.reason != tt.reason || !strings.Contains(got.text, tt.text) || calls.Load()-before != tt.calls || got.status == http.StatusOK {
				t.Errorf("%s: got %+v, after %d calls", tt.name, got, calls.Load()-before)
			}
			if got.status != 0 && tt.reason != "" && got.status != http.StatusForbidden {
				t.Errorf("%s: status %d", tt.name, got.status)
			}
			logged := b.logs.await(t, "call", got.requestID)
			for key, value := range tt.want {
				if logged[key] != value {
					t.Errorf("%s: logged %v, want %v", tt.name, logged, tt.want)
				}
			}
		}
		// Validation comes first: the policy sees valid requests only.
		if got := d.create(t, b, &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: project, Name: "-"}, bearer(callerToken)); got.reason != "VALIDATION_FAILED" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestShadow allows what the policy would deny, and logs it.
func TestShadow(t *testing.T) {
	service := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, service, &configv1.Policy{Shadow: true, Rules: []*configv1.PolicyRule{
		rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
	}})
	got := createGRPC(t, b, createRequest(), bearer(callerToken))
	if got.code != "OK" {
		t.Errorf("got %+v", got)
	}
	if line := b.logs.await(t, "the policy would deny this call", got.requestID); line["caller"] != "token:orders" || line["level"] != "WARN" {
		t.Errorf("logged %v", line)
	}
	if names := service.list(t, b, ""); names != "ops_1 other" {
		t.Errorf("lists %s", names)
	}
	b.awaitMetricOf(t, "2", "connsvc_policy_decisions_total", map[string]string{"result": "would_be_denied"})
}

// A fleet is a service with connections of these names. The ID of each ends with its index.
type fleet struct {
	stub

	names []string
	gets  atomic.Int64
}

func idOf(i int) string { return fmt.Sprintf("2a620c33-5609-40c9-affd-%012d", i) }

func (f *fleet) GetEnhancedConnection(_ context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	f.gets.Add(1)
	for i, name := range f.names {
		if idOf(i) == req.GetConnectionId() {
			return &connsvcv1.EnhancedConnection{Id: idOf(i), Name: name}, nil
		}
	}
	return nil, status.Error(codes.NotFound, "")
}

func (f *fleet) ListEnhancedConnections(_ context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	resp := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true}
	for i := int(req.GetOffset()); i < len(f.names) && len(resp.GetConnections()) < 7; i++ { // less than was asked for
		resp.Connections = append(resp.Connections, &connsvcv1.EnhancedConnection{Id: idOf(i), Name: f.names[i]})
	}
	resp.Count = int32(len(resp.GetConnections()))
	return resp, nil
}

// list lists over REST, by the query, and returns the names.
func (f *fleet) list(t *testing.T, b *bench, query string) string {
	t.Helper()
	got := b.do(t, http.MethodGet, connections+query, http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
	var list struct {
		Count       int
		Connections []struct{ Name string }
	}
	if err := json.Unmarshal(got.body, &list); err != nil || got.status != http.StatusOK || list.Count != len(list.Connections) {
		t.Fatalf("got %d %s, %v", got.status, got.body, err)
	}
	var names []string
	for _, c := range list.Connections {
		names = append(names, c.Name)
	}
	return strings.Join(names, " ")
}

// TestListsAreFiltered: a list has the connections that the caller may get. Offsets of REST
// count those, so that clients that continue at their number miss none.
func TestListsAreFiltered(t *testing.T) {
	service := &fleet{}
	for i := range 40 {
		service.names = append(service.names, map[bool]string{true: "ops_", false: "other_"}[i%10 == 3]+fmt.Sprint(i))
	}
	b := governed(t, service, &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("list", "", "ListEnhancedConnections"), rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
	}})
	for query, want := range map[string]string{
		"": "ops_3 ops_13 ops_23 ops_33", "?limit=0": "ops_3 ops_13 ops_23 ops_33", "?limit=2": "ops_3 ops_13",
		"?offset=1&limit=2": "ops_13 ops_23", "?offset=3": "ops_33", "?offset=4": "", "?offset=1000": "",
	} {
		if got := service.list(t, b, query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	ctx := metadata.NewOutgoingContext(t.Context(), bearer(callerToken))
	resp, err := b.grpc.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project})
	if err != nil || resp.GetCount() != 1 || resp.GetConnections()[0].GetName() != "ops_3" {
		t.Errorf("got %v, %v", resp, err)
	}
}

// TestConnectionsAreLookedUp where a rule needs them, once for each call.
func TestConnectionsAreLookedUp(t *testing.T) {
	service := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, service, &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection", "DeleteEnhancedConnection"),
	}})
	authorization := http.Header{"Authorization": {"Bearer " + callerToken}}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		for i, want := range []int{200, 403, 404} {
			before := service.gets.Load()
			if got := b.do(t, method, connections+"/"+idOf(i), authorization, nil); got.status != want {
				t.Errorf("%s %d: got %+v, want %d", method, i, got, want)
			}
			if n := service.gets.Load() - before; n != 1 {
				t.Errorf("%s %d: %d lookups", method, i, n)
			}
		}
	}
}
