package apply_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// withHosts starts a stage with one connection.
func withHosts(t *testing.T, names ...string) (*stage, string) {
	t.Helper()
	s := start(t, emulator.Options{})
	resp, err := s.CreateEnhancedConnection(t.Context(), &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: projectID, Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID, Hosts: hosts(names...),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.took()
	return s, resp.GetConnectionId()
}

func (s *stage) add(t *testing.T, req *connsvcv1.AddHostsRequest) (*connsvcv1.AddHostsResponse, error) {
	t.Helper()
	req.ProjectId = projectID
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return s.AddHosts(ctx, req)
}

func (s *stage) remove(t *testing.T, req *connsvcv1.RemoveHostsRequest) (*connsvcv1.RemoveHostsResponse, error) {
	t.Helper()
	req.ProjectId = projectID
	return s.RemoveHosts(t.Context(), req)
}

func (s *stage) wantHosts(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, h := range s.only(t).GetHosts() {
		got = append(got, h.GetName()+"="+h.GetIp())
	}
	if !slices.Equal(got, want) {
		t.Errorf("hosts %q, want %q", got, want)
	}
}

func TestHostSet(t *testing.T) {
	s, id := withHosts(t, "b", "a")
	listed, err := s.ListHosts(t.Context(), &connsvcv1.ListHostsRequest{ProjectId: projectID, ConnectionId: id})
	// printf 'a 192.168.0.1\nb 192.168.0.1\n' | openssl dgst -sha256 -binary | basenc --base64url
	if err != nil || listed.GetCount() != 2 || listed.GetHosts()[0].GetName() != "b" || listed.GetEtag() != "bv2rDfIlP5qA0Zj3qxWaU_fVA66LvSPY3_DfMnYZ7_g" {
		t.Fatalf("got %v, %v", listed, err)
	}
	added, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Etag: listed.GetEtag(), Hosts: append(hosts("a", "c", "c"), &connsvcv1.Host{Ip: "10.0.0.1"})})
	if err != nil || added.GetAdded() != 2 || added.GetRemoved() != 0 || added.GetCount() != 4 {
		t.Fatalf("got %v, %v", added, err)
	}
	s.wantCalls(t, "get", "get", "hosts", "get")
	s.wantHosts(t, "b=192.168.0.1", "a=192.168.0.1", "c=192.168.0.1", "=10.0.0.1")
	// A repetition has nothing to change, and so its etag does not matter.
	again, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Etag: listed.GetEtag(), Hosts: hosts("c")})
	if err != nil || again.GetAdded() != 0 || again.GetEtag() != added.GetEtag() {
		t.Fatalf("got %v, %v", again, err)
	}
	s.wantCalls(t, "get")
	_, err = s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Etag: listed.GetEtag(), Hosts: hosts("d")})
	if e := wantReason(t, err, connsvcv1.ErrorReason_CONCURRENT_CHANGE); e.Metadata["etag"] != added.GetEtag() {
		t.Errorf("metadata %v", e.Metadata)
	}
	moved, err := s.add(t, &connsvcv1.AddHostsRequest{
		ConnectionId: id, ReplaceNames: true, Hosts: []*connsvcv1.Host{{Name: "c", Ip: "10.0.0.2"}, {Name: "c", Ip: "10.0.0.3"}, {Ip: "10.0.0.4"}},
	})
	if err != nil || moved.GetAdded() != 3 || moved.GetRemoved() != 1 || moved.GetCount() != 6 {
		t.Fatalf("got %v, %v", moved, err)
	}
	s.wantHosts(t, "b=192.168.0.1", "a=192.168.0.1", "=10.0.0.1", "c=10.0.0.2", "c=10.0.0.3", "=10.0.0.4")
	removed, err := s.remove(t, &connsvcv1.RemoveHostsRequest{ConnectionId: id, Names: []string{"c", "x"}, Hosts: append(hosts("a", "y"), &connsvcv1.Host{Name: "b", Ip: "10.0.0.9"})})
	if err != nil || removed.GetRemoved() != 3 || removed.GetCount() != 3 {
		t.Fatalf("got %v, %v", removed, err)
	}
	s.wantHosts(t, "b=192.168.0.1", "=10.0.0.1", "=10.0.0.4")
}

// TestRemoveOthers: one overwriting, whatever the number of hosts before and after.
func TestRemoveOthers(t *testing.T) {
	many := func(prefix string) []*connsvcv1.Host {
		all := make([]*connsvcv1.Host, 20_000)
		for i := range all {
			all[i] = &connsvcv1.Host{Name: fmt.Sprintf("%s%d", prefix, i), Ip: "10.0.0.1"}
		}
		return all
	}
	s, id := withHosts(t, "a")
	first, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: many("x"), RemoveOthers: true})
	if err != nil || first.GetAdded() != 20_000 || first.GetRemoved() != 1 || first.GetCount() != 20_000 {
		t.Fatalf("got %v, %v", first, err)
	}
	s.took()
	second, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: append(many("y")[1:], &connsvcv1.Host{Name: "x7", Ip: "10.0.0.1"}), RemoveOthers: true, Etag: first.GetEtag()})
	if err != nil || second.GetAdded() != 19_999 || second.GetRemoved() != 19_999 || second.GetCount() != 20_000 {
		t.Fatalf("got %v, %v", second, err)
	}
	s.wantCalls(t, "get", "hosts", "get")
	_, err = s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("a"), RemoveOthers: true, Etag: first.GetEtag()})
	wantReason(t, err, connsvcv1.ErrorReason_CONCURRENT_CHANGE)
	ctx := call.NewContext(t.Context(), &call.Call{Permits: func(_ context.Context, req proto.Message, _ *connsvcv1.EnhancedConnection) error {
		if r, updates := req.(*connsvcv1.UpdateEnhancedConnectionHostsRequest); updates && len(r.GetHosts()) < 2 {
			return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
		}
		return nil
	}})
	_, err = s.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("a"), RemoveOthers: true})
	wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
	if _, err = s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("a"), RemoveOthers: true}); err != nil {
		t.Fatal(err)
	}
	s.wantHosts(t, "a=192.168.0.1")
}

// TestLastHosts: an empty set must be meant.
func TestLastHosts(t *testing.T) {
	s, id := withHosts(t, "a", "b")
	_, err := s.remove(t, &connsvcv1.RemoveHostsRequest{ConnectionId: id, Names: []string{"a", "b"}})
	wantReason(t, err, connsvcv1.ErrorReason_EMPTY_NOT_ALLOWED)
	s.wantCalls(t, "get")
	removed, err := s.remove(t, &connsvcv1.RemoveHostsRequest{ConnectionId: id, Names: []string{"a", "b"}, AllowEmpty: true})
	if err != nil || removed.GetCount() != 0 || removed.GetRemoved() != 2 {
		t.Errorf("got %v, %v", removed, err)
	}
	if _, err := s.remove(t, &connsvcv1.RemoveHostsRequest{ConnectionId: id, Names: []string{"a"}}); err != nil {
		t.Errorf("removing what is not there: %v", err)
	}
}

func TestTooManyHosts(t *testing.T) {
	many := make([]*connsvcv1.Host, 20_000)
	for i := range many {
		many[i] = &connsvcv1.Host{Name: fmt.Sprintf("h%d", i), Ip: "10.0.0.1"}
	}
	s, id := withHosts(t, "a")
	_, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: many})
	if e := wantReason(t, err, connsvcv1.ErrorReason_VALIDATION_FAILED); e.Violations[0].Field != "hosts" || !strings.Contains(e.Message, "20001 hosts") {
		t.Errorf("got %v", e)
	}
	s.wantHosts(t, "a=192.168.0.1")
}

// TestConcurrentAdds through one replica lose nothing.
func TestConcurrentAdds(t *testing.T) {
	s, id := withHosts(t, "a")
	var calls sync.WaitGroup
	for i := range 50 {
		calls.Go(func() {
			if _, err := s.AddHosts(t.Context(), &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts(fmt.Sprintf("h%d", i))}); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	if n := len(s.only(t).GetHosts()); n != 51 {
		t.Errorf("%d hosts, want 51", n)
	}
}

// TestOverwritten: what somebody else overwrites between the change and the re-read is
// changed again, though not for ever, and not with an etag.
func TestOverwritten(t *testing.T) {
	for name, tt := range map[string]struct {
		times int
		etag  bool
		want  connsvcv1.ErrorReason
	}{
		"once":                {1, false, 0},
		"three times":         {3, false, 0},
		"always":              {1000, false, connsvcv1.ErrorReason_CONCURRENT_CHANGE},
		"once, with an etag":  {1, true, connsvcv1.ErrorReason_CONCURRENT_CHANGE},
		"never, with an etag": {0, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s, id := withHosts(t, "a")
			req := &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("mine")}
			if tt.etag {
				listed, err := s.ListHosts(t.Context(), &connsvcv1.ListHostsRequest{ProjectId: projectID, ConnectionId: id})
				if err != nil {
					t.Fatal(err)
				}
				req.Etag = listed.GetEtag()
			}
			left, overwriting := tt.times, false
			var changed bool
			s.before = func(call string) {
				switch {
				case overwriting:
				case call == "hosts":
					changed = true
				case call == "get" && changed && left > 0:
					left--
					overwriting, changed = true, false
					_, err := s.UpdateEnhancedConnectionHosts(t.Context(), &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("a", "theirs")})
					if err != nil {
						t.Error(err)
					}
					overwriting = false
				}
			}
			resp, err := s.add(t, req)
			s.before = nil
			if tt.want != 0 {
				wantReason(t, err, tt.want)
				return
			}
			if err != nil || resp.GetAdded() != 1 {
				t.Fatalf("got %v, %v", resp, err)
			}
			if tt.times > 0 {
				s.wantHosts(t, "a=192.168.0.1", "theirs=192.168.0.1", "mine=192.168.0.1")
			}
		})
	}
}

// TestHostsUnderFaults: the outcome is true, and a repetition ends with the host there.
func TestHostsUnderFaults(t *testing.T) {
	for name, tt := range map[string]struct {
		fault faults.Fault
		ok    bool
	}{
		"lost answer": {faults.Fault{Kind: faults.DropAnswer}, true},
		"not done":    {faults.Fault{Kind: faults.ResetAfter}, false},
		"rejected":    {faults.Fault{Kind: faults.Status, Status: 400, Code: "DLI.0007"}, false},
		"done late":   {faults.Fault{Kind: faults.LateCommit, Delay: faults.Duration(100 * time.Millisecond)}, false},
		"a fault":     {faults.Fault{Kind: faults.Status, Status: 500, Commit: true}, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, id := withHosts(t, "a")
			s.fault(t, all("UpdateEnhancedConnectionHosts", tt.fault))
			_, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("b")})
			if (err == nil) != tt.ok {
				t.Errorf("got %v", err)
			}
			s.fault(t)
			if _, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: id, Hosts: hosts("b")}); err != nil {
				t.Error(err)
			}
			time.Sleep(300 * time.Millisecond) // what commits late has done so
			s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")
		})
	}
}

// TestGone: a connection that does not exist is the same error as everywhere.
func TestGone(t *testing.T) {
	s := start(t, emulator.Options{})
	const gone = "503fc86a-5e60-4349-92c2-7e399404fa8a"
	_, err := s.add(t, &connsvcv1.AddHostsRequest{ConnectionId: gone, Hosts: hosts("a")})
	wantReason(t, err, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND)
	_, err = s.ListHosts(t.Context(), &connsvcv1.ListHostsRequest{ProjectId: projectID, ConnectionId: gone})
	wantReason(t, err, connsvcv1.ErrorReason_CONNECTION_NOT_FOUND)
}

// endless is a context whose deadline is not enforced.
type endless struct {
	context.Context

	at time.Time
}

func (e endless) Deadline() (time.Time, bool) { return e.at, true }

// TestWaitingInVain: a call whose time ends in the queue has changed nothing.
func TestWaitingInVain(t *testing.T) {
	s, id := withHosts(t, "a")
	release := s.holdHosts()
	var calls sync.WaitGroup
	calls.Go(func() {
		if _, err := s.AddHosts(t.Context(), &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("b")}); err != nil {
			t.Error(err)
		}
	})
	<-release
	// The caller's clock ends the call later than the wait: he has the error.
	_, err := s.AddHosts(endless{t.Context(), time.Now().Add(3 * time.Second)}, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("c")})
	release <- struct{}{}
	calls.Wait()
	wantReason(t, err, connsvcv1.ErrorReason_OVERLOADED)
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1")
}

// TestRefusedTakeNoTurn: whoever may not make a change is told so while another is under way,
// and keeps nobody waiting.
func TestRefusedTakeNoTurn(t *testing.T) {
	s := start(t, emulator.Options{})
	id := s.mustApply(t, spec()).GetConnectionId()
	wanted := func(names ...string) *connsvcv1.EnhancedConnectionSpec {
		return spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts(names...) })
	}
	release := s.holdHosts()
	var calls sync.WaitGroup
	calls.Go(func() { s.mustApply(t, wanted("a", "b", "c")) })
	<-release
	var errs []error
	for _, denied := range []string{"GetEnhancedConnectionRequest", "UpdateEnhancedConnectionHostsRequest"} {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		ctx = call.NewContext(ctx, &call.Call{Permits: func(_ context.Context, req proto.Message, _ *connsvcv1.EnhancedConnection) error {
			if string(req.ProtoReflect().Descriptor().Name()) == denied {
				return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
			}
			return nil
		}})
		_, err := s.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("z")})
		errs = append(errs, err)
		if denied == "UpdateEnhancedConnectionHostsRequest" {
			_, err = s.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: wanted("z")})
			errs = append(errs, err)
		}
	}
	release <- struct{}{}
	calls.Wait()
	for _, err := range errs {
		wantReason(t, err, connsvcv1.ErrorReason_POLICY_DENIED)
	}
	s.wantHosts(t, "a=192.168.0.1", "b=192.168.0.1", "c=192.168.0.1")
}

// TestWaitedApply: an apply that has waited for its turn reads anew what there is to do.
func TestWaitedApply(t *testing.T) {
	s := start(t, emulator.Options{})
	s.mustApply(t, spec())
	wanted := spec(func(s *connsvcv1.EnhancedConnectionSpec) { s.Hosts = hosts("a", "b", "c") })
	release := s.holdHosts()
	var calls sync.WaitGroup
	calls.Go(func() { s.mustApply(t, wanted) })
	<-release
	s.took()
	calls.Go(func() {
		if resp := s.mustApply(t, wanted); resp.GetChanged() {
			t.Errorf("changed once more: %v", resp.GetSteps())
		}
	})
	for range 1000 { // until it has seen the difference, or without that has nothing to wait for
		if slices.Equal(s.seen(), []string{"list", "get"}) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	release <- struct{}{}
	calls.Wait()
	if hosts := slices.DeleteFunc(s.took(), func(call string) bool { return call != "hosts" }); len(hosts) > 0 {
		t.Errorf("overwritten %d times more", len(hosts))
	}
}

// TestHiddenHosts: a connection that the caller may not get is denied before anything is
// said of its hosts.
func TestHiddenHosts(t *testing.T) {
	s, id := withHosts(t, "a")
	denied := apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
	ctx := call.NewContext(t.Context(), &call.Call{Permits: func(_ context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
		if _, gets := req.(*connsvcv1.GetEnhancedConnectionRequest); gets && conn.GetId() == id {
			return denied
		}
		return nil
	}})
	for name, change := range map[string]func() error{
		"a host that is there": func() error {
			_, err := s.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("a")})
			return err
		},
		"a name that is not": func() error {
			_, err := s.RemoveHosts(ctx, &connsvcv1.RemoveHostsRequest{ProjectId: projectID, ConnectionId: id, Names: []string{"x"}})
			return err
		},
		"another etag": func() error {
			_, err := s.AddHosts(ctx, &connsvcv1.AddHostsRequest{ProjectId: projectID, ConnectionId: id, Hosts: hosts("b"), Etag: "x"})
			return err
		},
		"the last host": func() error {
			_, err := s.RemoveHosts(ctx, &connsvcv1.RemoveHostsRequest{ProjectId: projectID, ConnectionId: id, Names: []string{"a"}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			s.took()
			wantReason(t, change(), connsvcv1.ErrorReason_POLICY_DENIED)
			s.wantCalls(t, "get")
		})
	}
}
