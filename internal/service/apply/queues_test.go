package apply_test

import (
	"net/http/httptest"
	"strings"
	"testing"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

func bound(queues, pools string) func(*connsvcv1.EnhancedConnectionSpec) {
	return func(s *connsvcv1.EnhancedConnectionSpec) {
		s.Queues, s.ElasticResourcePools = strings.Fields(queues), strings.Fields(pools)
	}
}

var pooled = map[string]string{"a1": "pa", "a2": "pa", "b1": "pb"}

// TestQueueInPool: DLI shows such a queue as its pool. It is bound once.
func TestQueueInPool(t *testing.T) {
	for name, quirks := range map[string]emulator.Quirks{"": {}, "binding twice is an error": {RebindFails: true}} {
		for _, pools := range []string{"", "pa", "px"} {
			t.Run(name+"/beside "+pools, func(t *testing.T) {
				s := start(t, emulator.Options{PoolOfQueue: pooled, Quirks: quirks})
				s.mustApply(t, spec(bound("q1", "")))
				resp := s.mustApply(t, spec(bound("q1 a1", pools)))
				if !resp.GetChanged() || !strings.Contains(resp.GetWarning(), "DLI shows a1 only as an elastic resource pool") {
					t.Errorf("got %v", resp)
				}
				s.took()
				if resp := s.mustApply(t, spec(bound("q1 A1", pools))); resp.GetChanged() {
					t.Errorf("it is bound again: %v", resp)
				}
				s.wantCalls(t, "list", "get")
				// What is not bound yet is, though a pool shows that it could be in.
				resp = s.mustApply(t, spec(bound("q1 a1 a2 q2", pools)))
				wantSteps(t, resp.GetSteps(), "BIND DONE a2,q2")
				if conn := s.only(t); len(conn.GetAvailableQueueInfo()) != 2 {
					t.Errorf("queues %v", conn.GetAvailableQueueInfo())
				}
				if resp := s.mustApply(t, spec(bound("q1 a1 a2 q2", pools))); resp.GetChanged() {
					t.Errorf("they are bound again: %v", resp)
				}
			})
		}
	}
}

// TestCreatedInPool: a create binds as a BIND does.
func TestCreatedInPool(t *testing.T) {
	s := start(t, emulator.Options{PoolOfQueue: pooled})
	s.mustApply(t, spec(bound("a1", "pa")))
	if resp := s.mustApply(t, spec(bound("a1", "pa"))); resp.GetChanged() {
		t.Errorf("it is bound again: %v", resp)
	}
}

// TestOtherReplica binds once more, which changes nothing, and knows it then.
func TestOtherReplica(t *testing.T) {
	s := start(t, emulator.Options{PoolOfQueue: pooled})
	s.mustApply(t, spec(bound("a1", "")))
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Service = replica(t, server.URL, "token-of-the-test")
	before := s.only(t)
	wantSteps(t, s.mustApply(t, spec(bound("a1", ""))).GetSteps(), "BIND DONE a1")
	if after := s.only(t); len(after.GetElasticResourcePools()) != 1 || after.GetElasticResourcePools()[0].GetPeerId() != before.GetElasticResourcePools()[0].GetPeerId() {
		t.Errorf("pools %v, were %v", after.GetElasticResourcePools(), before.GetElasticResourcePools())
	}
	if resp := s.mustApply(t, spec(bound("a1", ""))); resp.GetChanged() {
		t.Errorf("got %v", resp)
	}
}

// TestPoolThatStandsForAQueue is not unbound while the queue is wanted.
func TestPoolThatStandsForAQueue(t *testing.T) {
	s := start(t, emulator.Options{PoolOfQueue: pooled})
	s.mustApply(t, spec(bound("", "px py")))
	resp := s.mustApply(t, spec(bound("q1", "py"))) // q1 shows: px does not stand for it
	wantSteps(t, resp.GetSteps(), "BIND DONE q1", "UNBIND DONE px")
	resp = s.mustApply(t, spec(bound("a1", "py")))
	wantSteps(t, resp.GetSteps(), "BIND DONE a1", "UNBIND DONE q1")
	if resp := s.mustApply(t, spec(bound("a1", "py"))); resp.GetChanged() {
		t.Errorf("got %v", resp)
	}
	resp = s.mustApply(t, spec(bound("", "py"))) // now it is wanted no more
	wantSteps(t, resp.GetSteps(), "UNBIND DONE pa")
	// Whatever stood for it is gone, so it is bound anew.
	wantSteps(t, s.mustApply(t, spec(bound("a1", "py"))).GetSteps(), "BIND DONE a1")
}

// TestBoundInPart: of several queues some may be bound, or unbound, when DLI rejects the call.
func TestBoundInPart(t *testing.T) {
	s := start(t, emulator.Options{Queues: []string{"q1", "q2", "q3"}, Quirks: emulator.Quirks{PartialBind: true, RebindFails: true, UnbindUnboundFails: true}})
	s.mustApply(t, spec(bound("q1", "")))
	_, err := s.apply(t, spec(bound("q1 q2 q9", "")))
	wantFailure(t, err, connsvcv1.ErrorReason_QUEUE_NOT_FOUND, "BIND FAILED q9")
	wantSteps(t, s.mustApply(t, spec(bound("q1 q2 q3", ""))).GetSteps(), "BIND DONE q3")
	// Somebody else unbinds one at the same time, and binds another.
	id := s.only(t).GetId()
	once := true
	s.before = func(call string) {
		if (call != "bind" && call != "unbind") || !once {
			return
		}
		once = false
		if _, err := s.DisassociateQueues(t.Context(), &connsvcv1.DisassociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q1"}}); err != nil {
			t.Error(err)
		}
	}
	wantSteps(t, s.mustApply(t, spec(bound("q3", ""))).GetSteps(), "UNBIND DONE q1,q2")
	if conn := s.only(t); len(conn.GetAvailableQueueInfo()) != 1 {
		t.Errorf("queues %v", conn.GetAvailableQueueInfo())
	}
}

// TestLostAnswers: each step whose outcome is unknown is looked for, and not sent twice if it
// must not be.
func TestLostAnswers(t *testing.T) {
	before := spec(bound("q1", "p1"), func(s *connsvcv1.EnhancedConnectionSpec) {
		s.GrantedProjectIds = []string{"g1"}
		s.Routes = append(s.Routes, &connsvcv1.RouteSpec{Name: "r2", Cidr: "10.2.0.0/16"})
	})
	after := spec(bound("q2", "p2"), func(s *connsvcv1.EnhancedConnectionSpec) {
		s.GrantedProjectIds, s.Hosts = []string{"g2"}, hosts("c")
		s.Routes = []*connsvcv1.RouteSpec{{Name: "r1", Cidr: "10.9.0.0/16"}, {Name: "r3", Cidr: "10.3.0.0/16"}}
	})
	for _, operation := range []string{
		"CreateEnhancedConnection", "UpdateEnhancedConnectionHosts", "CreateRoute", "DeleteRoute", "AssociateQueues", "DisassociateQueues", "UpdatePrivileges",
	} {
		t.Run(operation, func(t *testing.T) {
			s := start(t, emulator.Options{Quirks: emulator.Quirks{RebindFails: true, UnbindUnboundFails: true}})
			lost := all(operation, faults.Fault{Kind: faults.DropAnswer})
			s.fault(t, lost)
			s.mustApply(t, before)
			resp := s.mustApply(t, after)
			wantSteps(t, resp.GetSteps(), "SET_HOSTS DONE", "ADD_ROUTES DONE r3", "CHANGE_ROUTES DONE r1", "BIND DONE q2,p2", "GRANT DONE g2",
				"UNBIND DONE q1,p1", "DELETE_ROUTES DONE r2", "REVOKE DONE g1")
			s.fault(t)
			if resp := s.mustApply(t, after); resp.GetChanged() {
				t.Errorf("got %v", resp)
			}
			s.only(t)
		})
	}
}

// TestNotProven: what is neither done nor rejected is UNKNOWN, and the same apply goes on.
func TestNotProven(t *testing.T) {
	for operation, want := range map[string]string{
		"UpdateEnhancedConnectionHosts": "SET_HOSTS UNKNOWN", "AssociateQueues": "BIND UNKNOWN q2", "CreateRoute": "ADD_ROUTES UNKNOWN r3", "UpdatePrivileges": "GRANT UNKNOWN g2",
	} {
		t.Run(operation, func(t *testing.T) {
			s := start(t, emulator.Options{})
			s.mustApply(t, spec())
			after := spec(bound("q1 q2", "p1"), func(s *connsvcv1.EnhancedConnectionSpec) {
				s.GrantedProjectIds, s.Hosts = []string{"g2"}, hosts("a", "b", "c")
				s.Routes = append(s.Routes, &connsvcv1.RouteSpec{Name: "r3", Cidr: "10.3.0.0/16"})
			})
			s.fault(t, all(operation, faults.Fault{Kind: faults.ResetAfter}))
			_, err := s.apply(t, after)
			s.fault(t)
			var report []string
			e := wantReason(t, err, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE)
			if r, ok := e.Report.(*connsvcv1.ApplyReport); ok {
				report = steps(r.GetSteps())
			}
			if !strings.Contains(strings.Join(report, ";"), want) {
				t.Errorf("report %q, want %s", report, want)
			}
			s.mustApply(t, after)
			if resp := s.mustApply(t, after); resp.GetChanged() {
				t.Errorf("got %v", resp)
			}
		})
	}
}

// TestBoundMeanwhile: an apply does not unbind what its difference does not show.
func TestBoundMeanwhile(t *testing.T) {
	s := start(t, emulator.Options{PoolOfQueue: pooled})
	id := s.mustApply(t, spec(bound("q0", "px py"))).GetConnectionId()
	after := ""
	s.before = func(call string) {
		if call == "get" && after == "bind" {
			after = ""
			if _, err := s.AssociateQueues(t.Context(), &connsvcv1.AssociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"q9"}, ElasticResourcePools: []string{"pz"}}); err != nil {
				t.Error(err)
			}
		}
		after = call
	}
	_, err := s.apply(t, spec(bound("q1", "py")))
	s.before = nil
	wantFailure(t, err, connsvcv1.ErrorReason_CONCURRENT_CHANGE, "BIND DONE q1", "UNBIND DONE q0,px")
	wantSteps(t, s.mustApply(t, spec(bound("q1", "py")), validateOnly).GetSteps(), "UNBIND LEFT q9,pz")
}

// TestUnboundBefore: a queue that this replica has unbound does not count as bound for a pool
// that is bound again.
func TestUnboundBefore(t *testing.T) {
	s := start(t, emulator.Options{PoolOfQueue: pooled})
	id := s.mustApply(t, spec(bound("a1", ""))).GetConnectionId()
	if _, err := s.DisassociateQueues(t.Context(), &connsvcv1.DisassociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"A1"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AssociateQueues(t.Context(), &connsvcv1.AssociateQueuesRequest{ProjectId: projectID, ConnectionId: id, Queues: []string{"a2"}}); err != nil {
		t.Fatal(err)
	}
	wantSteps(t, s.mustApply(t, spec(bound("a1", ""))).GetSteps(), "BIND DONE a1")
}
