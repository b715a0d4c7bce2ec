package emulator_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// bound returns the names and states of a connection's peerings, queues first and
// pools in brackets.
func (d *dli) bound() []string {
	all := []string{}
	for _, p := range d.Connections(projectA)[0].AvailableQueueInfo {
		all = append(all, p.Name+" "+p.Status)
	}
	for _, p := range d.Connections(projectA)[0].ElasticResourcePools {
		all = append(all, "["+p.Name+"] "+p.Status)
	}
	return all
}

func (d *dli) wantBound(want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), d.bound()); diff != "" {
		d.t.Errorf("bound (-want +got):\n%s", diff)
	}
}

func TestBindAndUnbind(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	d.do("POST", path+"/associate-queue", `{"queues":["q1","q2"],"elastic_resource_pools":["p1"]}`).
		ok(`{"is_success":true,"message":"associated peer connection for queues: {q1,q2}."}`)
	d.wantBound("q1 ACTIVE", "q2 ACTIVE", "[p1] ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["q1","q2"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{q1,q2}."}`)
	d.wantBound("[p1] ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"elastic_resource_pools":["p1"]}`).ok(`{"is_success":true,"message":""}`)
	d.wantBound()
	d.do("POST", path+"/associate-queue", `{"elastic_resource_pools":["p1"]}`).ok(`{"is_success":true,"message":""}`)
	d.wantBound("[p1] ACTIVE")
}

func TestNamesAreLowerCase(t *testing.T) {
	d := start(t, emulator.Options{Queues: []string{"MyQueue"}, Pools: []string{"MyPool"}})
	path, _ := d.create("c", `"queues":["MYQUEUE"],"elastic_resource_pools":["MyPOOL"]`)
	d.wantBound("myqueue ACTIVE", "[mypool] ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["MyQueue"],"elastic_resource_pools":["mypool"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{MyQueue}."}`)
	d.wantBound()
}

// A queue and a pool of one name are two things.
func TestQueueAndPoolOfOneName(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c", `"queues":["x"],"elastic_resource_pools":["x"]`)
	d.wantBound("x ACTIVE", "[x] ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["x"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{x}."}`)
	d.wantBound("[x] ACTIVE")
}

func TestRepeatedBindingsChangeNothing(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c", `"queues":["q1","Q1","q1"]`)
	before := d.Connections(projectA)[0]
	d.clock.advance(time.Second)
	d.do("POST", path+"/associate-queue", `{"queues":["q1"]}`).
		ok(`{"is_success":true,"message":"associated peer connection for queues: {q1}."}`)
	d.do("POST", path+"/disassociate-queue", `{"queues":["other"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{other}."}`)
	after := d.Connections(projectA)[0]
	d.wantBound("q1 ACTIVE")
	if a, b := after.UpdateTime, before.UpdateTime; a != b {
		t.Errorf("update_time went from %d to %d", b, a)
	}
}

func TestQueueInsidePool(t *testing.T) {
	d := start(t, emulator.Options{
		Queues: []string{"dedicated"}, Pools: []string{"pool"},
		PoolOfQueue: map[string]string{"Inner1": "Pool", "inner2": "pool"},
	})
	path, _ := d.create("c", `"queues":["inner1","INNER2","dedicated"]`)
	d.wantBound("dedicated ACTIVE", "[pool] ACTIVE")
	d.do("POST", path+"/disassociate-queue", `{"queues":["inner2"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{inner2}."}`)
	d.wantBound("dedicated ACTIVE")
}

func TestUnknownNamesAreRejected(t *testing.T) {
	d := start(t, emulator.Options{Queues: []string{"q1"}, Pools: []string{}})
	d.do("POST", connectionsA, createBody("c", `"queues":["q1","testqueue"]`)).
		rejected(400, "DLI.0002", "There is no queue named testqueue")
	if got := d.Connections(projectA); got != nil {
		t.Fatalf("a rejected create made %v", got)
	}
	path, _ := d.create("c")
	for _, verb := range []string{"/associate-queue", "/disassociate-queue"} {
		d.do("POST", path+verb, `{"queues":["q1","testqueue"]}`).
			rejected(400, "DLI.0002", "There is no queue named testqueue")
		d.do("POST", path+verb, `{"queues":["q1"],"elastic_resource_pools":["p"]}`).
			rejected(400, "DLI.0002", "There is no elastic resource pool named p")
	}
	d.wantBound() // all or nothing
}

func TestDefaultQueueIsRejected(t *testing.T) {
	const text = "The operation is not supported. The default queue cannot be bound to a datasource connection."
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	d.do("POST", connectionsA, createBody("c2", `"queues":["q1","default"]`)).rejected(400, "DLI.0007", text)
	d.do("POST", path+"/associate-queue", `{"queues":["Default"]}`).rejected(400, "DLI.0007", text)
	d.do("POST", path+"/associate-queue", `{"elastic_resource_pools":["default"]}`).ok(`{"is_success":true,"message":""}`)
}

func TestNothingToBindIsRejected(t *testing.T) {
	d := start(t, emulator.Options{})
	path, _ := d.create("c")
	for _, body := range []string{`{}`, `{"queues":[]}`, `{"queues":null,"elastic_resource_pools":[]}`} {
		d.do("POST", path+"/associate-queue", body).rejectedWith("queues")
		d.do("POST", path+"/disassociate-queue", body).rejectedWith("queues")
	}
}

func TestPeeringLifecycle(t *testing.T) {
	d := start(t, emulator.Options{PeeringDelay: time.Second, Network: emulator.Network{Peerings: []emulator.PeeringRule{{Name: "Bad", Fails: "Failed to get subnet x"}}}})
	path, _ := d.create("c", `"queues":["good","bad"]`)
	d.wantBound("good CREATING", "bad CREATING")
	if got := d.Connections(projectA)[0].Status; got != wire.StatusActive {
		t.Errorf("the connection is %v while its peerings are made, want ACTIVE", got)
	}
	d.clock.advance(999 * time.Millisecond)
	d.wantBound("good CREATING", "bad CREATING")
	for _, p := range d.Connections(projectA)[0].AvailableQueueInfo {
		if p.ErrMsg != "" || p.UpdateTime != startMillis {
			t.Errorf("while CREATING: %v", p)
		}
	}
	d.do("DELETE", path, "").rejected(400, "DLI.0007", "The connection that is being created cannot be deleted.")

	d.clock.advance(time.Millisecond)
	d.wantBound("good ACTIVE", "bad FAILED")
	for _, p := range d.Connections(projectA)[0].AvailableQueueInfo {
		if got := p.UpdateTime; got != startMillis+1000 {
			t.Errorf("update_time of %s is %d, want the end of CREATING", p.Name, got)
		}
		if want := map[string]string{"bad": "Failed to get subnet x"}[p.Name]; p.ErrMsg != want {
			t.Errorf("err_msg of %s is %q, want %q", p.Name, p.ErrMsg, want)
		}
	}
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
}

func TestUnbindOfFailedPeeringIsRejected(t *testing.T) {
	d := start(t, emulator.Options{
		Network:     emulator.Network{Peerings: []emulator.PeeringRule{{Name: "inner", Fails: "no route"}, {Name: "pool2", Fails: "no route"}}},
		PoolOfQueue: map[string]string{"inner": "pool1", "inner2": "pool2"},
	})
	path, _ := d.create("c", `"queues":["good","inner","inner2"]`)
	d.wantBound("good ACTIVE", "[pool1] FAILED", "[pool2] FAILED")
	for name, body := range map[string]string{
		"inner": `{"queues":["good","inner"]}`,
		"pool1": `{"queues":["good"],"elastic_resource_pools":["pool1"]}`,
		"pool2": `{"queues":["good"],"elastic_resource_pools":["pool2"]}`,
	} {
		d.do("POST", path+"/disassociate-queue", body).rejected(400, "DLI.0007",
			"The operation is not supported. The peer connection of "+name+" is failed and cannot be unbound.")
	}
	d.wantBound("good ACTIVE", "[pool1] FAILED", "[pool2] FAILED")
}

func TestUnbindWhileCreating(t *testing.T) {
	d := start(t, emulator.Options{PeeringDelay: time.Minute})
	path, _ := d.create("c", `"queues":["q"]`)
	d.do("POST", path+"/disassociate-queue", `{"queues":["q"]}`).
		ok(`{"is_success":true,"message":"Disassociated peer connection for queues:{q}."}`)
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
}

func TestUnknownSubnetFailsPeerings(t *testing.T) {
	d := start(t, emulator.Options{Subnets: []string{}})
	d.create("c", `"queues":["q"]`)
	d.wantBound("q FAILED")
	if got, want := d.Connections(projectA)[0].AvailableQueueInfo[0].ErrMsg, "Failed to get subnet "+subnet; got != want {
		t.Errorf("err_msg %q, want %q", got, want)
	}
	if got := start(t, emulator.Options{Subnets: []string{subnet}}); got.do("POST", connectionsA, createBody("c", `"queues":["q"]`)).status != http.StatusCreated {
		t.Error("a connection to a known subnet was rejected")
	} else {
		got.wantBound("q ACTIVE")
	}
}
