package apply_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// TestFromNothing creates what is wanted, and then there is nothing left to do.
func TestFromNothing(t *testing.T) {
	s := start(t, emulator.Options{})
	wanted := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.GrantedProjectIds = []string{"g1", "g2"} })
	planned := s.mustApply(t, wanted, validateOnly)
	s.wantCalls(t, "list")
	wantSteps(t, planned.GetSteps(), "CREATE LEFT c1", "ADD_ROUTES LEFT r1", "GRANT LEFT g1,g2")
	if planned.GetChanged() || planned.GetDifference().GetKind() != connsvcv1.ConnectionDifference_MISSING {
		t.Errorf("got %v", planned)
	}
	resp := s.mustApply(t, wanted)
	s.wantCalls(t, "list", "list", "create", "list", "add route", "authorize", "authorize", "get")
	wantSteps(t, resp.GetSteps(), "CREATE DONE c1", "ADD_ROUTES DONE r1", "GRANT DONE g1,g2")
	conn := s.only(t)
	if !resp.GetChanged() || resp.GetConnectionId() != conn.GetId() || resp.GetConnection().GetName() != "c1" || len(resp.GetConnection().GetHosts()) != 0 || len(conn.GetHosts()) != 2 {
		t.Errorf("got %v of %v", resp, conn)
	}
	again := s.mustApply(t, wanted)
	s.wantCalls(t, "list", "privileges", "get") // lists lag, and do not say who has privileges
	wantSteps(t, again.GetSteps())
	if again.GetChanged() || again.Connection != nil || again.GetDifference().GetKind() != connsvcv1.ConnectionDifference_SAME || again.GetConnectionId() != conn.GetId() {
		t.Errorf("got %v", again)
	}
}

// TestSameTwice: the second apply changes nothing, and makes one call.
func TestSameTwice(t *testing.T) {
	s := start(t, emulator.Options{})
	wanted := spec()
	s.mustApply(t, wanted)
	s.forget()
	s.took()
	for name, same := range map[string]*connsvcv1.EnhancedConnectionSpec{
		"as it was":    wanted,
		"in any order": spec(func(s *connsvcv1.EnhancedConnectionSpec) { slices.Reverse(s.Hosts) }),
		"in any case": spec(func(s *connsvcv1.EnhancedConnectionSpec) {
			s.Queues, s.ElasticResourcePools, s.DestVpcId = []string{"Q1"}, []string{"P1"}, strings.ToUpper(s.DestVpcId)
		}),
		"a host twice":         spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = append(s.Hosts, s.Hosts[0]) }),
		"host bits of a route": spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Routes[0].Cidr = "10.1.2.3/16" }),
		"lists that are not compared": spec(func(s *connsvcv1.EnhancedConnectionSpec) {
			s.Queues, s.ElasticResourcePools, s.Hosts, s.Routes = nil, nil, nil, nil
		}),
		"no grants": spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.AllowEmpty = []string{"granted_project_ids"} }),
	} {
		t.Run(name, func(t *testing.T) {
			if resp := s.mustApply(t, same); resp.GetChanged() || resp.GetWarning() != "" {
				t.Errorf("got %v", resp)
			}
			s.wantCalls(t, "list")
		})
	}
}

// TestChange takes the least steps, and adds before it removes.
func TestChange(t *testing.T) {
	s := start(t, emulator.Options{})
	s.mustApply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) {
		s.Queues, s.ElasticResourcePools, s.GrantedProjectIds = []string{"q1", "q2"}, []string{"p1", "p2"}, []string{"g1"}
		s.Routes = append(s.Routes, &connsvcv1.RouteSpec{Name: "r2", Cidr: "10.2.0.0/16"}, &connsvcv1.RouteSpec{Name: "r3", Cidr: "10.3.0.0/16"})
	}))
	s.took()
	wanted := spec(func(s *connsvcv1.EnhancedConnectionSpec) {
		s.Queues, s.ElasticResourcePools, s.GrantedProjectIds = []string{"q2", "Q3"}, []string{"p2", "p3"}, []string{"g2"}
		s.Hosts = hosts("b", "c", "d")
		s.Routes = []*connsvcv1.RouteSpec{{Name: "r1", Cidr: "10.9.0.0/16"}, {Name: "r2b", Cidr: "10.2.0.0/16"}, {Name: "r4", Cidr: "10.4.0.0/16"}}
	})
	planned := s.mustApply(t, wanted, validateOnly)
	s.wantCalls(t, "list", "privileges", "get")
	wantSteps(t, planned.GetSteps(), "SET_HOSTS LEFT", "ADD_ROUTES LEFT r4", "CHANGE_ROUTES LEFT r1,r2b", "BIND LEFT q3,p3", "GRANT LEFT g2",
		"UNBIND LEFT q1,p1", "DELETE_ROUTES LEFT r3", "REVOKE LEFT g1")
	want := map[string]*connsvcv1.FieldDifference{
		"queues":                 {ToAdd: []string{"q3"}, ToRemove: []string{"q1"}, AddCount: 1, RemoveCount: 1},
		"elastic_resource_pools": {ToAdd: []string{"p3"}, ToRemove: []string{"p1"}, AddCount: 1, RemoveCount: 1},
		"hosts":                  {ToAdd: []string{"c=192.168.0.1", "d=192.168.0.1"}, ToRemove: []string{"a=192.168.0.1"}, AddCount: 2, RemoveCount: 1},
		"routes": {
			ToAdd: []string{"r4=10.4.0.0/16", "r1=10.9.0.0/16", "r2b=10.2.0.0/16"}, ToRemove: []string{"r1=10.1.0.0/16", "r2=10.2.0.0/16", "r3=10.3.0.0/16"},
			AddCount: 3, RemoveCount: 3,
		},
		"granted_project_ids": {ToAdd: []string{"g2"}, ToRemove: []string{"g1"}, AddCount: 1, RemoveCount: 1},
	}
	for _, f := range planned.GetDifference().GetFields() {
		name := f.GetField()
		if f.Field = ""; !proto.Equal(f, want[name]) {
			t.Errorf("%s differs by %v, want %v", name, f, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("no difference in %v", want)
	}
	s.mustApply(t, wanted)
	s.wantCalls(t, "list", "privileges", "get", "hosts", "add route", "delete route", "add route", "delete route", "add route",
		"bind", "get", "authorize", "unbind", "delete route", "authorize", "get")
	if resp := s.mustApply(t, wanted); resp.GetChanged() {
		t.Errorf("not yet as it is wanted: %v", resp.GetDifference())
	}
}

// TestSwappedRoutes: names and destinations are unique.
func TestSwappedRoutes(t *testing.T) {
	s := start(t, emulator.Options{})
	routes := func(first, second string) func(*connsvcv1.EnhancedConnectionSpec) {
		return func(s *connsvcv1.EnhancedConnectionSpec) {
			s.Routes = []*connsvcv1.RouteSpec{{Name: "r1", Cidr: first}, {Name: "r2", Cidr: second}}
		}
	}
	s.mustApply(t, spec(routes("10.1.0.0/16", "10.2.0.0/16")))
	resp := s.mustApply(t, spec(routes("10.2.0.0/16", "10.1.0.0/16")))
	wantSteps(t, resp.GetSteps(), "CHANGE_ROUTES DONE r1,r2")
	if got := s.only(t).GetRoutes(); len(got) != 2 || got[0].GetName() != "r1" || got[0].GetCidr() != "10.2.0.0/16" {
		t.Errorf("routes %v", got)
	}
}

// TestEmptyLists: one is not compared, unless it is wanted empty.
func TestEmptyLists(t *testing.T) {
	s := start(t, emulator.Options{})
	s.mustApply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.GrantedProjectIds = []string{"g1"} }))
	bare := func(s *connsvcv1.EnhancedConnectionSpec) {
		s.Queues, s.ElasticResourcePools, s.Hosts, s.Routes = nil, nil, nil, nil
	}
	if resp := s.mustApply(t, spec(bare)); resp.GetChanged() {
		t.Errorf("got %v", resp)
	}
	resp := s.mustApply(t, spec(bare, func(s *connsvcv1.EnhancedConnectionSpec) {
		s.AllowEmpty = []string{"queues", "elastic_resource_pools", "hosts", "routes", "granted_project_ids"}
	}))
	wantSteps(t, resp.GetSteps(), "SET_HOSTS DONE", "UNBIND DONE q1,p1", "DELETE_ROUTES DONE r1", "REVOKE DONE g1")
	conn := s.only(t)
	if len(conn.GetAvailableQueueInfo())+len(conn.GetElasticResourcePools())+len(conn.GetHosts())+len(conn.GetRoutes()) > 0 || !conn.GetIsPrivis() {
		t.Errorf("left: %v", conn)
	}
}

// TestReplace: what DLI cannot change is replaced only if that is allowed and loses nothing.
func TestReplace(t *testing.T) {
	s := start(t, emulator.Options{})
	old := s.mustApply(t, spec()).GetConnectionId()
	s.took()
	moved := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = otherVPC })
	_, err := s.apply(t, moved)
	e := wantFailure(t, err, connsvcv1.ErrorReason_REPLACE_NEEDED)
	if e.Metadata["differs"] != "dest_vpc_id" || e.Metadata["existing_connection_id"] != old {
		t.Errorf("metadata %v", e.Metadata)
	}
	planned := s.mustApply(t, moved, validateOnly)
	wantSteps(t, planned.GetSteps(), "DELETE LEFT c1", "CREATE LEFT c1", "ADD_ROUTES LEFT r1")
	if planned.GetDifference().GetKind() != connsvcv1.ConnectionDifference_REPLACED || !strings.Contains(planned.GetWarning(), "allow_replace") {
		t.Errorf("got %v", planned)
	}
	_, err = s.apply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId, s.Hosts, s.Routes = otherVPC, nil, nil }), allowReplace)
	if e := wantFailure(t, err, connsvcv1.ErrorReason_REPLACE_NEEDED); e.Metadata["would_lose"] != "hosts,routes" {
		t.Errorf("metadata %v", e.Metadata)
	}
	if calls := s.took(); slices.Contains(calls, "delete") {
		t.Fatalf("calls %v", calls)
	}
	resp := s.mustApply(t, moved, allowReplace)
	wantSteps(t, resp.GetSteps(), "DELETE DONE c1", "CREATE DONE c1", "ADD_ROUTES DONE r1")
	if conn := s.only(t); conn.GetId() == old || conn.GetDestVpcId() != otherVPC || len(conn.GetRoutes()) != 1 {
		t.Errorf("got %v", conn)
	}
	// And back: the request_id of the first create follows from the same content again.
	s.mustApply(t, spec(), allowReplace)
	if conn := s.only(t); conn.GetDestVpcId() != vpcID {
		t.Errorf("got %v", conn)
	}
}

// TestApplyCountsItsCreate: once, before the first step, and only if there is one to come.
func TestApplyCountsItsCreate(t *testing.T) {
	s := start(t, emulator.Options{})
	counted, quota := 0, error(nil)
	ctx := call.NewContext(t.Context(), &call.Call{Creates: func() error { counted++; return quota }})
	apply := func(spec *connsvcv1.EnhancedConnectionSpec, change ...func(*connsvcv1.ApplyEnhancedConnectionRequest)) error {
		req := &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: spec}
		for _, f := range change {
			f(req)
		}
		_, err := s.ApplyEnhancedConnection(ctx, req)
		return err
	}
	changed := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("c") })
	for _, err := range []error{apply(spec(), validateOnly), apply(spec()), apply(spec()), apply(changed)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if counted != 1 {
		t.Errorf("%d creates were counted, want 1", counted)
	}
	s.took()
	quota = apierror.New(connsvcv1.ErrorReason_CALLER_QUOTA, "", nil)
	moved := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = otherVPC })
	wantFailure(t, apply(moved, allowReplace), connsvcv1.ErrorReason_CALLER_QUOTA)
	if calls := s.took(); slices.Contains(calls, "delete") {
		t.Errorf("calls %v", calls)
	}
}

// TestReplaceWhileCreating: DLI deletes none while a peering is CREATING.
func TestReplaceWhileCreating(t *testing.T) {
	s := start(t, emulator.Options{PeeringDelay: time.Hour})
	s.mustApply(t, spec())
	_, err := s.apply(t, spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = otherVPC }), allowReplace)
	wantFailure(t, err, connsvcv1.ErrorReason_CONNECTION_BUSY, "DELETE FAILED c1", "CREATE LEFT c1", "ADD_ROUTES LEFT r1")
	s.only(t)
}

// TestReplacedAndListed: a list may show the old connection after its deletion.
func TestReplacedAndListed(t *testing.T) {
	s := start(t, emulator.Options{})
	s.mustApply(t, spec())
	s.fault(t, all("DeleteEnhancedConnection", faults.Fault{Kind: faults.SlowList, Delay: faults.Duration(time.Hour)}),
		on("CreateEnhancedConnection", faults.Fault{Kind: faults.Status, Status: 400, Code: "DLI.1028"}))
	moved := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.DestVpcId = otherVPC })
	_, err := s.apply(t, moved, allowReplace)
	wantFailure(t, err, connsvcv1.ErrorReason_UPSTREAM_QUOTA, "DELETE DONE c1", "CREATE FAILED c1", "ADD_ROUTES LEFT r1")
	resp := s.mustApply(t, moved) // no more is to be replaced
	wantSteps(t, resp.GetSteps(), "CREATE DONE c1", "ADD_ROUTES DONE r1")
	s.took()
	// The list has both, of which one exists.
	if resp := s.mustApply(t, moved); resp.GetChanged() {
		t.Errorf("got %v", resp)
	}
	s.wantCalls(t, "list", "get", "get")
}

// TestAmbiguous refuses to choose.
func TestAmbiguous(t *testing.T) {
	s := start(t, emulator.Options{Quirks: emulator.Quirks{AllowDuplicateNames: true}})
	var ids []string
	for range 2 {
		resp, err := s.CreateEnhancedConnection(t.Context(), &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: projectID, Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, resp.GetConnectionId())
	}
	_, err := s.apply(t, spec())
	if e := wantFailure(t, err, connsvcv1.ErrorReason_NAME_AMBIGUOUS); e.Metadata["connection_ids"] != strings.Join(ids, ",") {
		t.Errorf("metadata %v", e.Metadata)
	}
	planned := s.mustApply(t, spec(), validateOnly)
	if planned.GetDifference().GetKind() != connsvcv1.ConnectionDifference_AMBIGUOUS || !strings.Contains(planned.GetWarning(), ids[1]) {
		t.Errorf("got %v", planned)
	}
}

// TestOldList: a difference that only a list shows is none.
func TestOldList(t *testing.T) {
	now := time.Now()
	s := start(t, emulator.Options{Now: func() time.Time { return now }})
	s.mustApply(t, spec())
	now = now.Add(time.Hour)
	s.fault(t, all("ListEnhancedConnections", faults.Fault{Kind: faults.OldList, Delay: faults.Duration(time.Minute)}))
	changed := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("c") })
	s.mustApply(t, changed)
	s.took()
	if resp := s.mustApply(t, changed); resp.GetChanged() || resp.GetDifference().GetKind() != connsvcv1.ConnectionDifference_SAME {
		t.Errorf("got %v", resp)
	}
	s.wantCalls(t, "list", "get")
}

// TestRolledBackAtOnce: that a list shows what is wanted counts for nothing right after a
// change, which it may not show yet.
func TestRolledBackAtOnce(t *testing.T) {
	now := time.Now()
	s := start(t, emulator.Options{Now: func() time.Time { return now }})
	before, after := spec(), spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("c") })
	id := s.mustApply(t, before).GetConnectionId()
	now = now.Add(time.Hour)
	s.fault(t, all("ListEnhancedConnections", faults.Fault{Kind: faults.OldList, Delay: faults.Duration(time.Minute)}))
	s.mustApply(t, after)
	if resp := s.compare(t, before); !resp.GetDifferent() {
		t.Error("a comparison shows no difference")
	}
	wantSteps(t, s.mustApply(t, before).GetSteps(), "SET_HOSTS DONE")
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")

	s.forget()
	if _, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("c")}); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, s.mustApply(t, before).GetSteps(), "SET_HOSTS DONE")
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")
}

// TestChangedBefore: that a list shows what is wanted counts for nothing either after any other
// change that this replica has made.
func TestChangedBefore(t *testing.T) {
	remove := func(s *stage, ctx context.Context, id string) error {
		_, err := s.DeleteEnhancedConnection(ctx, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id})
		return err
	}
	ungranted := func(s *connsvcv1.EnhancedConnectionSpec) { s.AllowEmpty = []string{"granted_project_ids"} }
	granted := func(s *connsvcv1.EnhancedConnectionSpec) { s.GrantedProjectIds = []string{"g1"} }
	for name, tt := range map[string]struct {
		change func(s *stage, ctx context.Context, id string) error
		grants func(*connsvcv1.EnhancedConnectionSpec)
		want   []string
	}{
		"DeleteEnhancedConnection":              {remove, ungranted, []string{"CREATE DONE c1", "ADD_ROUTES DONE r1"}},
		"DeleteEnhancedConnection, with grants": {remove, granted, []string{"CREATE DONE c1", "ADD_ROUTES DONE r1", "GRANT DONE g1"}},
		"UpdateEnhancedConnectionHosts": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.UpdateEnhancedConnectionHosts(ctx, &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: projectID, ConnectionId: id})
			return err
		}, ungranted, []string{"SET_HOSTS DONE"}},
		"AssociateQueues": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.AssociateQueues(ctx, &connsvcv1.AssociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q2"}})
			return err
		}, ungranted, []string{"UNBIND DONE q2"}},
		"DisassociateQueues": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.DisassociateQueues(ctx, &connsvcv1.DisassociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q1"}})
			return err
		}, ungranted, []string{"BIND DONE q1"}},
		"CreateRoute": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.CreateRoute(ctx, &connsvcv1.CreateRouteRequest{ProjectId: projectID, ConnectionId: id, Name: "r2", Cidr: "10.2.0.0/16"})
			return err
		}, ungranted, []string{"DELETE_ROUTES DONE r2"}},
		"DeleteRoute": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.DeleteRoute(ctx, &connsvcv1.DeleteRouteRequest{ProjectId: projectID, ConnectionId: id, Name: "r1"})
			return err
		}, ungranted, []string{"ADD_ROUTES DONE r1"}},
		"UpdatePrivileges": {func(s *stage, ctx context.Context, id string) error {
			_, err := s.UpdatePrivileges(ctx, &connsvcv1.UpdatePrivilegesRequest{ProjectId: projectID, GranteeProjectId: "g1", Action: "grant", Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{
				{Object: "edsconnections." + id, Privileges: []string{"BIND_QUEUE"}},
			}})
			return err
		}, ungranted, []string{"REVOKE DONE g1"}},
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Now()
			s := start(t, emulator.Options{Now: func() time.Time { return now }})
			wanted := spec(tt.grants)
			id := s.mustApply(t, wanted).GetConnectionId()
			now = now.Add(time.Hour)
			s.forget()
			s.fault(t, all("ListEnhancedConnections", faults.Fault{Kind: faults.OldList, Delay: faults.Duration(time.Minute)}),
				all("DeleteEnhancedConnection", faults.Fault{Kind: faults.SlowList, Delay: faults.Duration(time.Hour)}))
			if err := tt.change(s, t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if resp := s.compare(t, wanted); !resp.GetDifferent() {
				t.Error("a comparison shows no difference")
			}
			wantSteps(t, s.mustApply(t, wanted).GetSteps(), tt.want...)
		})
	}
}

// TestNameTakenMeanwhile goes on with a connection that lists did not show.
func TestNameTakenMeanwhile(t *testing.T) {
	for name, tt := range map[string]struct {
		vpc  string
		want connsvcv1.ErrorReason
	}{"same VPC": {vpcID, 0}, "another VPC": {otherVPC, connsvcv1.ErrorReason_NAME_TAKEN}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, emulator.Options{})
			made := false
			s.before = func(call string) {
				if call != "create" || made {
					return
				}
				made = true
				_, err := s.CreateEnhancedConnection(t.Context(), &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: projectID, Name: "c1", DestVpcId: tt.vpc, DestNetworkId: networkID})
				if err != nil {
					t.Error(err)
				}
			}
			resp, err := s.apply(t, spec())
			if tt.want != 0 {
				wantFailure(t, err, tt.want, "CREATE FAILED c1", "ADD_ROUTES LEFT r1")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantSteps(t, resp.GetSteps(), "SET_HOSTS DONE", "ADD_ROUTES DONE r1", "BIND DONE q1,p1")
			if conn := s.only(t); conn.GetId() != resp.GetConnectionId() || len(conn.GetHosts()) != 2 {
				t.Errorf("got %v", conn)
			}
		})
	}
}

// TestRejected leaves what comes after, and the same apply goes on.
func TestRejected(t *testing.T) {
	s := start(t, emulator.Options{Queues: []string{"q1", "q2"}})
	s.mustApply(t, spec())
	wanted := spec(func(s *connsvcv1.EnhancedConnectionSpec) {
		s.Queues, s.Hosts, s.Routes = []string{"q2", "q9"}, hosts("c"), []*connsvcv1.RouteSpec{{Name: "r2", Cidr: "10.2.0.0/16"}}
	})
	_, err := s.apply(t, wanted)
	e := wantFailure(t, err, connsvcv1.ErrorReason_QUEUE_NOT_FOUND, "SET_HOSTS DONE", "ADD_ROUTES DONE r2", "BIND FAILED q2,q9", "UNBIND LEFT q1", "DELETE_ROUTES LEFT r1")
	if e.Resource.Name != "q9" {
		t.Errorf("about %v", e.Resource)
	}
	wanted.Queues = []string{"q2"}
	resp := s.mustApply(t, wanted)
	wantSteps(t, resp.GetSteps(), "BIND DONE q2", "UNBIND DONE q1", "DELETE_ROUTES DONE r1")
}

// TestFailedElement: the error names the element that failed, and the step those that are left.
func TestFailedElement(t *testing.T) {
	routes := func(all ...string) func(*connsvcv1.EnhancedConnectionSpec) {
		return func(s *connsvcv1.EnhancedConnectionSpec) {
			s.Routes = nil
			for _, r := range all {
				name, cidr, _ := strings.Cut(r, "=")
				s.Routes = append(s.Routes, &connsvcv1.RouteSpec{Name: name, Cidr: cidr})
			}
		}
	}
	grants := func(all ...string) func(*connsvcv1.EnhancedConnectionSpec) {
		return func(s *connsvcv1.EnhancedConnectionSpec) {
			s.GrantedProjectIds, s.AllowEmpty = all, []string{"granted_project_ids"}
		}
	}
	for name, tt := range map[string]struct {
		before, after func(*connsvcv1.EnhancedConnectionSpec)
		operation     string
		nth           int
		step, text    string
		count         int32
	}{
		"routes":         {routes(), routes("a=10.1.0.0/16", "b=10.2.0.0/16", "c=10.3.0.0/16"), "CreateRoute", 2, "ADD_ROUTES FAILED b,c", "adding route b (10.2.0.0/16): ", 2},
		"changed routes": {routes("a=10.1.0.0/16", "b=10.2.0.0/16"), routes("a=10.3.0.0/16", "b=10.4.0.0/16"), "DeleteRoute", 2, "CHANGE_ROUTES FAILED b", "deleting route b: ", 1},
		"routes to delete": {
			routes("a=10.1.0.0/16", "b=10.2.0.0/16", "c=10.3.0.0/16"), routes("a=10.1.0.0/16"), "DeleteRoute", 2, "DELETE_ROUTES FAILED c", "deleting route c: ", 1,
		},
		"grants":   {grants(), grants("g1", "g2", "g3"), "UpdatePrivileges", 3, "GRANT FAILED g3", "granting BIND_QUEUE to project g3: ", 1},
		"revoking": {grants("g1", "g2"), grants(), "UpdatePrivileges", 2, "REVOKE FAILED g2", "revoking BIND_QUEUE from project g2: ", 1},
		"queues": {
			routes(), func(s *connsvcv1.EnhancedConnectionSpec) {
				s.Queues, s.Routes = []string{"q1", "q2", "q3", "q4", "q5"}, nil
			},
			"AssociateQueues", 1, "BIND FAILED q2,q3,q4,q5", "binding q2, q3, q4 and 1 more: ", 4,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, emulator.Options{})
			s.mustApply(t, spec(tt.before))
			s.fault(t, faults.Rule{Operation: tt.operation, Nth: tt.nth, Fault: faults.Fault{Kind: faults.Status, Status: 400, Code: "DLI.0007"}})
			_, err := s.apply(t, spec(tt.after))
			e := apierror.From(err)
			report, _ := e.Report.(*connsvcv1.ApplyReport)
			if got := steps(report.GetSteps()); len(got) == 0 || got[0] != tt.step {
				t.Errorf("steps %q, want %q", got, tt.step)
			}
			for _, step := range report.GetSteps() {
				if step.GetState() == connsvcv1.ApplyStep_FAILED && step.GetCount() != tt.count {
					t.Errorf("count %d, want %d", step.GetCount(), tt.count)
				}
			}
			if !strings.HasPrefix(e.Message, tt.text) {
				t.Errorf("message %q, want %q", e.Message, tt.text)
			}
		})
	}
}

// TestReportFits: the largest report is in the trailers, which clients cut off.
func TestReportFits(t *testing.T) {
	s := start(t, emulator.Options{Queues: []string{}})
	wanted := spec()
	long := strings.Repeat("q", 120)
	for i := range 20 {
		wanted.Queues = append(wanted.Queues, long+string(rune('a'+i)))
		wanted.ElasticResourcePools = append(wanted.ElasticResourcePools, long+string(rune('a'+i)))
		wanted.Routes = append(wanted.Routes, &connsvcv1.RouteSpec{Name: long[:60] + string(rune('a'+i)), Cidr: "10.0.0.0/8"})
	}
	_, err := s.apply(t, wanted)
	st := status.Convert(err)
	var report *connsvcv1.ApplyReport
	for _, d := range st.Details() {
		if r, ok := d.(*connsvcv1.ApplyReport); ok {
			report = r
		}
	}
	if len(report.GetSteps()) != 10 || proto.Size(st.Proto()) > apierror.MaxStatusBytes || report.GetSteps()[1].GetState() != connsvcv1.ApplyStep_FAILED {
		t.Errorf("%v: %v", err, report)
	}
}
