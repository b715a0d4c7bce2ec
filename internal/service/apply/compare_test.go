package apply_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

func (s *stage) compare(t *testing.T, specs ...*connsvcv1.EnhancedConnectionSpec) *connsvcv1.CompareEnhancedConnectionResponse {
	t.Helper()
	resp, err := s.CompareEnhancedConnection(t.Context(), &connsvcv1.CompareEnhancedConnectionRequest{ProjectId: projectID, Connections: specs})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func named(name string) func(*connsvcv1.EnhancedConnectionSpec) {
	return func(s *connsvcv1.EnhancedConnectionSpec) { s.Name = name }
}

func kinds(resp *connsvcv1.CompareEnhancedConnectionResponse) []string {
	var all []string
	for _, d := range resp.GetDifferences() {
		all = append(all, d.GetName()+" "+d.GetKind().String())
	}
	return all
}

// TestCompareMany makes one call for connections of which none differs.
func TestCompareMany(t *testing.T) {
	s := start(t, emulator.Options{})
	var specs []*connsvcv1.EnhancedConnectionSpec
	for i := range 50 {
		specs = append(specs, spec(named(fmt.Sprintf("c%d", i))))
		s.mustApply(t, specs[i])
	}
	s.mustApply(t, spec(named("not_wanted")))
	s.forget()
	s.took()
	if resp := s.compare(t, specs...); resp.GetDifferent() || len(resp.GetDifferences()) != 50 {
		t.Errorf("got %v", resp)
	}
	s.wantCalls(t, "list")
	if resp := s.compare(t, specs[7]); resp.GetDifferent() || len(resp.GetDifferences()) != 1 {
		t.Errorf("got %v", resp)
	}
	s.wantCalls(t, "list")
}

func TestCompare(t *testing.T) {
	s := start(t, emulator.Options{Quirks: emulator.Quirks{AllowDuplicateNames: true}})
	for _, name := range []string{"same", "changed", "moved", "twice"} {
		s.mustApply(t, spec(named(name)))
	}
	if _, err := s.CreateEnhancedConnection(t.Context(), &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: projectID, Name: "twice", DestVpcId: vpcID, DestNetworkId: networkID}); err != nil {
		t.Fatal(err)
	}
	s.forget()
	s.took()
	resp := s.compare(t, spec(named("none")), spec(named("moved"), func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = otherVPC }),
		spec(named("same")), spec(named("twice")), spec(named("changed"), func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("z") }))
	want := []string{"none MISSING", "moved REPLACED", "same SAME", "twice AMBIGUOUS", "changed CHANGED"}
	if got := kinds(resp); !slices.Equal(got, want) || !resp.GetDifferent() {
		t.Errorf("got %q, want %q", got, want)
	}
	moved := &connsvcv1.FieldDifference{Field: "dest_vpc_id", ToAdd: []string{otherVPC}, ToRemove: []string{vpcID}, AddCount: 1, RemoveCount: 1}
	if got := resp.GetDifferences()[1].GetFields(); len(got) != 1 || !proto.Equal(got[0], moved) {
		t.Errorf("got %v, want %v", got, moved)
	}
	// The second list is empty: only then is one proven to be missing. What differs is read.
	s.wantCalls(t, "list", "list", "get", "get", "get", "get")
	// With all there in the first list, the second is not needed.
	s.compare(t, spec(named("same")), spec(named("changed")))
	s.wantCalls(t, "list")
}

// TestCompareLargeLists asks for less where a list is larger than the limit.
func TestCompareLargeLists(t *testing.T) {
	s := start(t, emulator.Options{Quirks: emulator.Quirks{MaxLimit: 100}})
	var specs []*connsvcv1.EnhancedConnectionSpec
	for i := range 3 {
		specs = append(specs, spec(named(fmt.Sprintf("c%d", i))))
		s.mustApply(t, specs[i])
	}
	s.forget()
	s.took()
	lists := 0
	s.before = func(call string) {
		if call != "list" {
			return
		}
		var rules []faults.Rule
		if lists++; lists == 1 {
			rules = append(rules, all("ListEnhancedConnections", faults.Fault{Kind: faults.EndlessBody}))
		}
		s.fault(t, rules...)
	}
	if resp := s.compare(t, specs...); resp.GetDifferent() {
		t.Errorf("got %v", kinds(resp))
	}
	s.wantCalls(t, "list", "list", "list")
}

// TestCompareOldList: a difference that only a list shows is none.
func TestCompareOldList(t *testing.T) {
	s := start(t, emulator.Options{})
	s.mustApply(t, spec())
	s.mustApply(t, spec(named("c2")))
	s.fault(t, all("DeleteEnhancedConnection", faults.Fault{Kind: faults.SlowList, Delay: faults.Duration(1 << 40)}))
	gone := s.compare(t, spec()).GetDifferences()[0].GetConnectionId()
	if _, err := s.DeleteEnhancedConnection(t.Context(), &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: gone}); err != nil {
		t.Fatal(err)
	}
	resp := s.compare(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("z") }), spec(named("c2")))
	if got := kinds(resp); !slices.Equal(got, []string{"c1 MISSING", "c2 SAME"}) {
		t.Errorf("got %q", got)
	}
}

// TestHidden: what the caller may not see does not exist for it, and is not changed.
func TestHidden(t *testing.T) {
	s := start(t, emulator.Options{})
	resp := s.mustApply(t, spec())
	ctx := call.NewContext(t.Context(), &call.Call{Visible: func(*connsvcv1.EnhancedConnection) bool { return false }})
	compared, err := s.CompareEnhancedConnection(ctx, &connsvcv1.CompareEnhancedConnectionRequest{ProjectId: projectID, Connections: []*connsvcv1.EnhancedConnectionSpec{spec()}})
	if err != nil || compared.GetDifferences()[0].GetKind() != connsvcv1.ConnectionDifference_MISSING || len(compared.GetDifferences()[0].GetFields()) > 0 {
		t.Errorf("got %v, %v", compared, err)
	}
	for _, wanted := range []*connsvcv1.EnhancedConnectionSpec{spec(), spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("z") })} {
		s.took()
		_, err = s.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: wanted, AllowReplace: true})
		e := apierror.From(err)
		for _, detail := range append(e.Details(10), e.Report) {
			if detail != nil && containsID(detail, resp.GetConnectionId()) {
				t.Errorf("%v shows the hidden connection", detail)
			}
		}
		for _, call := range s.took() {
			if call != "list" && call != "get" && call != "create" {
				t.Errorf("call %q", call)
			}
		}
	}
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")
}

func containsID(m proto.Message, id string) bool {
	wire, err := proto.Marshal(m)
	return err != nil || slices.Contains(slices.Collect(windows(string(wire), len(id))), id)
}

func windows(text string, n int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for i := 0; i+n <= len(text); i++ {
			if !yield(text[i : i+n]) {
				return
			}
		}
	}
}

// TestPermits: an apply makes no call that its caller may not make, and none before it.
func TestPermits(t *testing.T) {
	s := start(t, emulator.Options{})
	id := s.mustApply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.GrantedProjectIds = []string{"g1"} })).GetConnectionId()
	for denied, wanted := range map[string]*connsvcv1.EnhancedConnectionSpec{
		"CreateEnhancedConnectionRequest":      spec(named("c2")),
		"UpdateEnhancedConnectionHostsRequest": spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("z") }),
		"AssociateQueuesRequest":               spec(bound("q2", "p1"), func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("z") }),
		"DisassociateQueuesRequest":            spec(bound("q2", "p1")),
		"CreateRouteRequest":                   spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts, s.Routes[0].Name = hosts("z"), "r9" }),
		"DeleteRouteRequest":                   spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts, s.Routes[0].Cidr = hosts("z"), "10.9.0.0/16" }),
		"UpdatePrivilegesRequest": spec(func(s *connsvcv1.EnhancedConnectionSpec) {
			s.Hosts, s.GrantedProjectIds = hosts("z"), []string{"g1", "g2"}
		}),
		"ListPrivilegesRequest":           spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.GrantedProjectIds = []string{"g1"} }),
		"DeleteEnhancedConnectionRequest": spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId, s.GrantedProjectIds = otherVPC, []string{"g1"} }),
	} {
		t.Run(denied, func(t *testing.T) {
			s.took()
			ctx := call.NewContext(t.Context(), &call.Call{Permits: func(_ context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
				if conn.GetName() != wanted.GetName() {
					t.Errorf("asked about connection %v", conn)
				}
				if string(req.ProtoReflect().Descriptor().Name()) == denied {
					return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
				}
				return nil
			}})
			_, err := s.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: wanted, AllowReplace: true})
			wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
			for _, call := range s.took() {
				if call != "list" && call != "get" && call != "privileges" {
					t.Errorf("call %q", call)
				}
			}
		})
	}
	ctx := call.NewContext(t.Context(), &call.Call{Permits: func(context.Context, proto.Message, *connsvcv1.EnhancedConnection) error {
		return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
	}})
	_, err := s.ListHosts(ctx, &connsvcv1.ListHostsRequest{ProjectId: projectID, ConnectionId: id})
	wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
	_, err = s.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("z")})
	wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
	_, err = s.RemoveHosts(ctx, &connsvcv1.RemoveHostsRequest{ProjectId: projectID, ConnectionId: id, Names: []string{"a"}})
	wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")
}

// TestPermitsSeeLowerCase: a rule sees the connection that is made as DLI will show it.
func TestPermitsSeeLowerCase(t *testing.T) {
	s := start(t, emulator.Options{})
	asked := false
	ctx := call.NewContext(t.Context(), &call.Call{Permits: func(_ context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
		if _, adds := req.(*connsvcv1.CreateRouteRequest); adds {
			asked = true
			if conn.GetDestVpcId() != vpcID || conn.GetDestNetworkId() != networkID || conn.GetAvailableQueueInfo()[0].GetName() != "q1" {
				t.Errorf("asked about %v", conn)
			}
		}
		return nil
	}})
	req := &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: spec(func(s *connsvcv1.EnhancedConnectionSpec) {
		s.DestVpcId, s.DestNetworkId, s.Queues = strings.ToUpper(vpcID), strings.ToUpper(networkID), []string{"Q1"}
	})}
	if _, err := s.ApplyEnhancedConnection(ctx, req); err != nil || !asked {
		t.Fatalf("asked %t: %v", asked, err)
	}
	again, err := s.ApplyEnhancedConnection(t.Context(), req)
	if err != nil || again.GetDifference().GetKind() != connsvcv1.ConnectionDifference_SAME {
		t.Errorf("again: %v, %v", again, err)
	}
}

// TestPermitsReplacement: the policy decides on the steps of a replacement with the connection
// that it makes, and not with the one that it deletes.
func TestPermitsReplacement(t *testing.T) {
	denied := func(_ context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
		if _, adds := req.(*connsvcv1.CreateRouteRequest); adds && conn.GetDestVpcId() == otherVPC {
			return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
		}
		return nil
	}
	for name, tt := range map[string]struct {
		from, to string
		want     connsvcv1.ErrorReason
	}{"to the denied VPC": {vpcID, otherVPC, connsvcv1.ErrorReason_POLICY_DENIED}, "from the denied VPC": {otherVPC, vpcID, apierror.NoReason}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, emulator.Options{})
			old := s.mustApply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = tt.from })).GetConnectionId()
			s.took()
			ctx := call.NewContext(t.Context(), &call.Call{Permits: func(ctx context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
				if r, adds := req.(*connsvcv1.CreateRouteRequest); adds && (r.GetConnectionId() == old || conn.GetId() == old) {
					t.Errorf("asked for a route of the connection that is deleted: %v", r)
				}
				return denied(ctx, req, conn)
			}})
			_, err := s.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{
				ProjectId: projectID, Connection: spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = tt.to }), AllowReplace: true,
			})
			if got := apierror.ReasonOf(err); got != tt.want {
				t.Fatalf("got %v, want %v", err, tt.want)
			}
			if deleted := slices.Contains(s.took(), "delete"); deleted != (tt.want == apierror.NoReason) {
				t.Errorf("deleted: %v", deleted)
			}
		})
	}
}
