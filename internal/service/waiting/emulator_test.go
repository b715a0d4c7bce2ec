package waiting_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

const emulated = "token-of-the-test"

// A replica is a Waits over the real client of DLI.
type replica struct {
	*waiting.Waits
	*upstream.Router
}

func upstreams(url string) []*configv1.Upstream {
	return []*configv1.Upstream{{
		Endpoint: url, Projects: []string{project}, Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
		Idempotency: &configv1.Idempotency{ListLag: durationpb.New(500 * time.Millisecond)},
		Polling:     &configv1.Polling{MinInterval: durationpb.New(20 * time.Millisecond), MaxInterval: durationpb.New(100 * time.Millisecond), MaxCallsPerMinute: 60_000},
	}}
}

func newReplica(t *testing.T, url string) replica {
	t.Helper()
	router, err := upstream.New(upstreams(url), upstream.Options{Secret: func(*configv1.Secret) (string, error) { return emulated, nil }})
	if err != nil {
		t.Fatal(err)
	}
	w, err := waiting.New(router, noop.Meter{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		w.Close()
		router.Close(context.Background())
	})
	return replica{w, router}
}

// serve serves an emulator; it ends after the replicas.
func serve(t *testing.T, o emulator.Options) string {
	t.Helper()
	o.Identities = iam.Identities{Tokens: []string{emulated}}
	server := httptest.NewServer(emulator.New(o))
	t.Cleanup(server.Close)
	return server.URL
}

func (r replica) do(t *testing.T, method string, req, resp proto.Message) {
	t.Helper()
	dli, err := r.For(project)
	if err == nil {
		err = dli.Call(t.Context(), method, req, resp)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (r replica) create(t *testing.T, name, queue string) (id string) {
	t.Helper()
	resp := &connsvcv1.CreateEnhancedConnectionResponse{}
	r.do(t, connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: project, Name: name, DestVpcId: "22094d8f-c310-4621-913d-4c4d655d8495", DestNetworkId: "fd0a4a6c-8ba3-4a4c-a9ac-ed3e3cdd2e6b", Queues: []string{queue},
	}, resp)
	return resp.GetConnectionId()
}

func TestWaitOverTheEmulator(t *testing.T) {
	r := newReplica(t, serve(t, emulator.Options{
		PeeringDelay: 200 * time.Millisecond,
		Network: emulator.Network{
			Peerings: []emulator.PeeringRule{{Name: "q2", Fails: "Failed to get subnet"}},
			Addresses: []emulator.AddressRule{
				{Address: "192.168.0.9:1", Connectivity: "UNREACHABLE"},
				{Address: "192.168.0.1:5432", Takes: faults.Duration(10 * time.Millisecond)},
			},
		},
	}))
	good, bad := r.create(t, "good", "q1"), r.create(t, "bad", "q2")
	for _, each := range []struct {
		req  *connsvcv1.WaitEnhancedConnectionRequest
		want connsvcv1.WaitEnhancedConnectionResponse_Reached
	}{
		{&connsvcv1.WaitEnhancedConnectionRequest{ConnectionId: good}, ready},
		{&connsvcv1.WaitEnhancedConnectionRequest{ConnectionId: bad}, hasFail},
		{reaching(&connsvcv1.WaitEnhancedConnectionRequest{ConnectionId: good}, "192.168.0.1:5432"), ready},
		{within(3*time.Second, reaching(&connsvcv1.WaitEnhancedConnectionRequest{ConnectionId: good}, "192.168.0.9:1")), timeout},
	} {
		each.req.ProjectId = project
		resp := wait(t, r.Waits, each.req)
		if resp.GetReached() != each.want {
			t.Errorf("%v: got %v", each.req, resp)
		}
		for _, test := range resp.GetTests() {
			if test.GetResult() == "" || test.GetReachable() != (each.want == ready) {
				t.Errorf("got %v", test)
			}
		}
	}
}

// TestWatchOverTheEmulator moves a watch between two replicas, one of which sees old lists,
// and one of which reloads its configuration. In the end its reader has what exists.
func TestWatchOverTheEmulator(t *testing.T) {
	url := serve(t, emulator.Options{
		PeeringDelay: 5 * time.Millisecond,
		Faults: []faults.Rule{
			{Operation: "ListEnhancedConnections", Every: 2, Fault: faults.Fault{Kind: faults.OldList, Delay: faults.Duration(300 * time.Millisecond)}},
			{Operation: "ListEnhancedConnections", Every: 7, Fault: faults.Fault{Kind: faults.Status, Status: 503}},
			{Operation: "GetEnhancedConnection", Every: 5, Fault: faults.Fault{Kind: faults.DropAnswer}},
		},
	})
	replicas := []replica{newReplica(t, url), newReplica(t, url)}
	has, saved := map[string]*connsvcv1.EnhancedConnection{}, ""
	var exist []string
	// read watches until SYNCED, and then until done.
	read := func(r replica, done func() bool) {
		s := watch(t.Context(), r.Waits, from(saved, ofProject()))
		defer func() { _ = s.end() }()
		for synced := false; !synced || !done(); time.Sleep(time.Millisecond) {
			for _, e := range s.take() {
				switch id := e.GetConnection().GetId(); e.GetType() {
				case connsvcv1.WatchEnhancedConnectionsResponse_ADDED, connsvcv1.WatchEnhancedConnectionsResponse_MODIFIED:
					has[id] = e.GetConnection()
				case connsvcv1.WatchEnhancedConnectionsResponse_DELETED:
					delete(has, id)
				default:
					synced, saved = true, e.GetResumeToken()
				}
			}
			select {
			case err := <-s.ended:
				t.Fatal(err)
			default:
			}
		}
	}
	for round := range 20 {
		r := replicas[round%2]
		exist = append(exist, r.create(t, fmt.Sprintf("c%d", round), "q1"))
		if round%3 == 2 {
			r.do(t, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: exist[0]},
				&connsvcv1.DeleteEnhancedConnectionResponse{})
			exist = exist[1:]
		}
		if round == 10 {
			if err := r.Reload(upstreams(url)); err != nil {
				t.Fatal(err)
			}
		}
		read(r, func() bool { return true })
	}
	read(replicas[0], func() bool {
		active := 0
		for id, c := range has {
			if slices.Contains(exist, id) && c.GetAvailableQueueInfo()[0].GetStatus() == connsvcv1.Peering_ACTIVE {
				active++
			}
		}
		return active == len(exist) && len(has) == len(exist)
	})
}
