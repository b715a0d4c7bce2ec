package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metricnoop "go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protopath"
	"google.golang.org/protobuf/reflect/protorange"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/testing/protocmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	safecreate "github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
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
	dli := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, dli.service(t), &configv1.Policy{Shadow: true, Rules: []*configv1.PolicyRule{
		rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
	}})
	got := createGRPC(t, b, createRequest(), bearer(callerToken))
	if got.code != "OK" {
		t.Errorf("got %+v", got)
	}
	if line := b.logs.await(t, "the policy would deny this call", got.requestID); line["caller"] != "token:orders" || line["level"] != "WARN" {
		t.Errorf("logged %v", line)
	}
	if names := dli.list(t, b, ""); names != "ops_1 other" {
		t.Errorf("lists %s", names)
	}
	b.awaitMetricOf(t, "2", "connsvc_policy_decisions_total", map[string]string{"result": "would_be_denied"})
}

// A fleet is a DLI with connections of these names, each with a host. The ID of each ends
// with its index.
type fleet struct {
	names []string
	gets  atomic.Int64
	get   error // of each GET; nil: none
	// replaced is the last replacement of hosts; nil: none.
	replaced atomic.Pointer[connsvcv1.UpdateEnhancedConnectionHostsRequest]
}

func (f *fleet) For(string) (*fleet, error)           { return f, nil }
func (f *fleet) Idempotency() *configv1.Idempotency   { return nil }
func (f *fleet) Skew() (ahead time.Duration, ok bool) { return 0, false }
func (f *fleet) UniqueNames() bool                    { return false }
func (f *fleet) RecordUniqueNames(bool)               {}
func (f *fleet) CallersOwn() bool                     { return false }
func (f *fleet) Polling() *configv1.Polling           { return nil }
func (f *fleet) AwaitPoll(context.Context) error      { return nil }
func (f *fleet) AwaitTest(context.Context) error      { return nil }

func idOf(i int) string { return fmt.Sprintf("2a620c33-5609-40c9-affd-%012d", i) }

func (f *fleet) connection(i int) *connsvcv1.EnhancedConnection {
	hosts := []*connsvcv1.Host{{Name: f.names[i], Ip: "10.0.0.1"}}
	if r := f.replaced.Load(); r.GetConnectionId() == idOf(i) {
		hosts = r.GetHosts()
	}
	return &connsvcv1.EnhancedConnection{Id: idOf(i), Name: f.names[i], DestVpcId: vpc, DestNetworkId: network, Hosts: hosts}
}

func (f *fleet) Call(_ context.Context, _ string, req, resp proto.Message) error {
	switch r := req.(type) {
	case *connsvcv1.CreateEnhancedConnectionRequest:
		resp.(*connsvcv1.CreateEnhancedConnectionResponse).ConnectionId = idOf(len(f.names))
	case *connsvcv1.UpdateEnhancedConnectionHostsRequest:
		f.replaced.Store(r)
	case *connsvcv1.GetEnhancedConnectionRequest:
		if f.gets.Add(1); f.get != nil {
			return f.get
		}
		for i := range f.names {
			if idOf(i) == r.GetConnectionId() {
				proto.Merge(resp, f.connection(i))
				return nil
			}
		}
		return &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusBadRequest, Code: "DLI.0001", Message: "does not exist", Sent: true}
	case *connsvcv1.ListEnhancedConnectionsRequest:
		most := 7 // less than is asked for
		if r.GetLimit() > 0 {
			most = min(most, int(r.GetLimit()))
		}
		list := resp.(*connsvcv1.ListEnhancedConnectionsResponse)
		for i := range f.names {
			if strings.Contains(f.names[i], r.GetName()) {
				list.Connections = append(list.Connections, f.connection(i))
			}
		}
		list.Connections = list.GetConnections()[min(int(r.GetOffset()), len(list.GetConnections())):]
		list.Connections = list.GetConnections()[:min(most, len(list.GetConnections()))]
	}
	return nil
}

// service is the service in front of the fleet.
func (f *fleet) service(t *testing.T) connsvcv1.ConnectionServiceServer {
	t.Helper()
	creates, err := safecreate.New(metricnoop.Meter{})
	if err != nil {
		t.Fatal(err)
	}
	waits, err := waiting.New(f, metricnoop.Meter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(waits.Close)
	return service.New(f, creates, waits)
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
	dli := &fleet{}
	for i := range 40 {
		dli.names = append(dli.names, map[bool]string{true: "ops_", false: "other_"}[i%10 == 3]+strconv.Itoa(i))
	}
	b := governed(t, dli.service(t), &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("list", "", "ListEnhancedConnections"), rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
	}})
	for query, want := range map[string]string{
		"": "ops_3 ops_13 ops_23 ops_33", "?limit=0": "ops_3 ops_13 ops_23 ops_33", "?limit=2": "ops_3 ops_13",
		"?offset=1&limit=2": "ops_13 ops_23", "?offset=3": "ops_33", "?offset=4": "", "?offset=1000": "",
	} {
		if got := dli.list(t, b, query); got != want {
			t.Errorf("%s: got %s, want %s", query, got, want)
		}
	}
	// Pages over gRPC are full, and their tokens are those of a list without the others.
	alone := &fleet{names: []string{"ops_3", "ops_13", "ops_23", "ops_33"}}
	all := governed(t, alone.service(t), &configv1.Policy{Rules: []*configv1.PolicyRule{rule("all", "")}})
	request := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(1), View: connsvcv1.EnhancedConnectionView_BASIC}
	for range 5 {
		got, want := listGRPC(t, b, request), listGRPC(t, all, request)
		for _, c := range append(got.GetConnections(), want.GetConnections()...) {
			c.Id = ""
		}
		if d := cmp.Diff(want, got, protocmp.Transform()); d != "" {
			t.Errorf("the others can be seen (-want +got)\n%s", d)
		}
		request.PageToken = got.GetNextPageToken()
	}
	if request.PageToken != "" {
		t.Error("the pages have no end")
	}
	hidden := listGRPC(t, b, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(1), Name: "other_1"})
	missing := listGRPC(t, b, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: proto.Int32(1), Name: "missing"})
	if d := cmp.Diff(missing, hidden, protocmp.Transform()); d != "" || hidden.GetCount() != 0 {
		t.Errorf("a hidden name differs from a missing one (-missing +hidden)\n%s", d)
	}
}

func listGRPC(t *testing.T, b *bench, req *connsvcv1.ListEnhancedConnectionsRequest) *connsvcv1.ListEnhancedConnectionsResponse {
	t.Helper()
	resp, err := b.grpc.ListEnhancedConnections(metadata.NewOutgoingContext(t.Context(), bearer(callerToken)), req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// TestBasicListsAreFiltered by all fields of a connection, also by those that the view
// leaves out.
func TestBasicListsAreFiltered(t *testing.T) {
	dli := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, dli.service(t), &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("list", "", "ListEnhancedConnections"), rule("own", `!connection.hosts.exists(h, h.name == "other")`, "GetEnhancedConnection"),
	}})
	basic := connsvcv1.EnhancedConnectionView_BASIC
	if got := listGRPC(t, b, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, View: basic}).GetConnections(); len(got) != 1 || len(got[0].GetHosts()) != 0 {
		t.Errorf("lists %v", got)
	}
	if names := dli.list(t, b, "?view=BASIC"); names != "ops_1" {
		t.Errorf("lists %s", names)
	}
}

// TestResponsesAreFiltered: whatever RPC returns connections, it returns only those that the
// caller may get.
func TestResponsesAreFiltered(t *testing.T) {
	requests := map[protoreflect.Name]func(id, name string) proto.Message{
		"ApplyEnhancedConnection": func(_, name string) proto.Message { // a change: only then it returns the connection
			return &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: project, Connection: &connsvcv1.EnhancedConnectionSpec{
				Name: name, DestVpcId: vpc, DestNetworkId: network, Hosts: []*connsvcv1.Host{{Name: "new", Ip: "10.0.0.2"}},
			}}
		},
		"GetEnhancedConnection": func(id, _ string) proto.Message {
			return &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id}
		},
		"ListEnhancedConnections": func(string, string) proto.Message {
			return &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}
		},
		"WaitEnhancedConnection": func(id, _ string) proto.Message {
			return &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: project, ConnectionId: id}
		},
		"WatchEnhancedConnections": func(string, string) proto.Message {
			return &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project}
		},
	}
	dli := &fleet{names: []string{"ops_1", "other"}}
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0).Methods()
	rules := []*configv1.PolicyRule{rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection")}
	for i := range methods.Len() {
		if name := string(methods.Get(i).Name()); name != "GetEnhancedConnection" {
			rules = append(rules, rule(strings.ToLower(name), "", name))
		}
	}
	b := governed(t, dli.service(t), &configv1.Policy{Rules: rules})
	for i := range methods.Len() {
		m := methods.Get(i)
		if !contains(m.Output(), (&connsvcv1.EnhancedConnection{}).ProtoReflect().Descriptor()) {
			continue
		}
		request := requests[m.Name()]
		if request == nil {
			t.Errorf("%s returns connections: have this test call it", m.Name())
			continue
		}
		var got []string
		for i, name := range dli.names {
			got = append(got, namesReturned(t, b, m, request(idOf(i), name))...)
		}
		if !slices.Contains(got, "ops_1") || slices.Contains(got, "other") {
			t.Errorf("%s returns the connections %q", m.Name(), got)
		}
	}
}

// contains reports whether a message is, or contains, one of another type.
func contains(md, wanted protoreflect.MessageDescriptor) bool {
	if md.FullName() == wanted.FullName() {
		return true
	}
	for i := range md.Fields().Len() {
		if of := md.Fields().Get(i).Message(); of != nil && contains(of, wanted) {
			return true
		}
	}
	return false
}

// namesReturned returns the names of the connections in the responses of a call, of a watch
// until all that exists was sent.
func namesReturned(t *testing.T, b *bench, m protoreflect.MethodDescriptor, request proto.Message) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(t.Context(), bearer(callerToken)))
	defer cancel()
	stream, err := b.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true}, fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(stream.SendMsg(request), stream.CloseSend()); err != nil {
		t.Fatal(err)
	}
	responses, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for {
		response := responses.New().Interface()
		if err := stream.RecvMsg(response); err != nil {
			return names
		}
		_ = protorange.Range(response.ProtoReflect(), func(v protopath.Values) error {
			if at, ok := v.Index(-1).Value.Interface().(protoreflect.Message); ok {
				if c, ok := at.Interface().(*connsvcv1.EnhancedConnection); ok {
					names = append(names, c.GetName())
				}
			}
			return nil
		})
		if event, ok := response.(*connsvcv1.WatchEnhancedConnectionsResponse); ok && event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_SYNCED {
			return names
		}
	}
}

// TestCreatesSeeWhatTheCallerMayGet, so that they describe nothing else; in shadow mode all.
func TestCreatesSeeWhatTheCallerMayGet(t *testing.T) {
	for _, shadow := range []bool{false, true} {
		var own, other bool
		service := &stub{on: func(ctx context.Context, _ proto.Message) error {
			c := call.From(ctx)
			own, other = c.Sees(&connsvcv1.EnhancedConnection{Name: "ops_1"}), c.Sees(&connsvcv1.EnhancedConnection{Name: "other"})
			return nil
		}}
		b := governed(t, service, &configv1.Policy{Shadow: shadow, Rules: []*configv1.PolicyRule{
			rule("create", "", "CreateEnhancedConnection"), rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
		}})
		if got := createGRPC(t, b, createRequest(), bearer(callerToken)); got.code != "OK" || !own || other != shadow {
			t.Errorf("shadow %t: got %+v, sees its own: %t, another's: %t", shadow, got, own, other)
		}
	}
}

// TestShadowAllowsWhatItCannotLookUp: a failing GET denies no call, though rules need it.
func TestShadowAllowsWhatItCannotLookUp(t *testing.T) {
	dli := &fleet{get: &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusServiceUnavailable, Sent: true}}
	b := governed(t, dli.service(t), &configv1.Policy{Shadow: true, Rules: []*configv1.PolicyRule{rule("own", `connection.name.startsWith("ops_")`, "DeleteEnhancedConnection")}})
	got := b.do(t, http.MethodDelete, connections+"/"+idOf(0), http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
	if got.status != http.StatusOK || dli.gets.Load() == 0 {
		t.Errorf("got %+v", got)
	}
	b.logs.await(t, "the policy cannot look up the connection of this call", got.requestID)
}

// TestConnectionsAreLookedUp where a rule needs them, once for each call.
func TestConnectionsAreLookedUp(t *testing.T) {
	dli := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, dli.service(t), &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection", "DeleteEnhancedConnection"),
	}})
	authorization := http.Header{"Authorization": {"Bearer " + callerToken}}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		for i, want := range []int{200, 403, 404} {
			before := dli.gets.Load()
			if got := b.do(t, method, connections+"/"+idOf(i), authorization, nil); got.status != want {
				t.Errorf("%s %d: got %+v, want %d", method, i, got, want)
			}
			if n := dli.gets.Load() - before; n != 1 {
				t.Errorf("%s %d: %d lookups", method, i, n)
			}
		}
	}
}

// TestWaitsDoWhatTheCallerMay: a wait shows no connection that its caller may not get, and makes
// no connectivity test that he may not make.
func TestWaitsDoWhatTheCallerMay(t *testing.T) {
	dli := &fleet{names: []string{"ops_1", "other"}}
	b := governed(t, dli.service(t), &configv1.Policy{Rules: []*configv1.PolicyRule{
		rule("wait", "", "WaitEnhancedConnection"), rule("own", `connection.name.startsWith("ops_")`, "GetEnhancedConnection"),
		rule("tests", `request.queue_name == "q1"`, "CreateConnectivityTest"),
	}})
	for target, want := range map[string]string{
		idOf(0) + ":wait": "", idOf(1) + ":wait": "CONNECTION_NOT_FOUND", idOf(2) + ":wait": "CONNECTION_NOT_FOUND",
		idOf(0) + ":wait?timeout=0s&addresses=10.0.0.1:22&queues=q1&queues=q_secret": "POLICY_DENIED",
	} {
		got := b.do(t, http.MethodGet, "/connsvc/v1/"+project+"/enhanced-connections/"+target, http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
		if got.reason != want || (got.status == http.StatusOK) != (want == "") {
			t.Errorf("%s: got %+v", target, got)
		}
	}
}
