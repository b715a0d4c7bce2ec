package emulator_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// Rules apply to the peerings that exist, and to nothing when they are gone.
func TestPeeringRulesChange(t *testing.T) {
	d := start(t, emulator.Options{PeeringDelay: time.Second})
	path, _ := d.create("c", `"queues":["q1","q2"]`)
	d.clock.advance(time.Second)
	d.wantBound("q1 ACTIVE", "q2 ACTIVE")
	set := func(rules ...emulator.PeeringRule) {
		t.Helper()
		if err := d.SetNetwork(emulator.Network{Peerings: rules}); err != nil {
			t.Fatal(err)
		}
	}
	set(emulator.PeeringRule{Name: "Q1", Fails: "no route"}, emulator.PeeringRule{Name: "q2", Delay: faults.Duration(time.Minute)})
	d.wantBound("q1 FAILED", "q2 CREATING")
	if got := d.Connections(projectA)[0].AvailableQueueInfo[0]; got.ErrMsg != "no route" || got.UpdateTime != startMillis+1000 {
		t.Errorf("%+v", got)
	}
	d.do("POST", path+"/disassociate-queue", `{"queues":["q1"]}`).rejected(400, "DLI.0007",
		"The operation is not supported. The peer connection of q1 is failed and cannot be unbound.")
	d.do("DELETE", path, "").rejected(400, "DLI.0007", "The connection that is being created cannot be deleted.")
	d.clock.advance(time.Minute - time.Second)
	d.wantBound("q1 FAILED", "q2 ACTIVE")
	set(emulator.PeeringRule{Name: "q1", Delay: faults.Duration(time.Hour), Fails: "no route"})
	d.wantBound("q1 CREATING", "q2 ACTIVE")
	set()
	d.wantBound("q1 ACTIVE", "q2 ACTIVE")
}

func TestPeeringsFlap(t *testing.T) {
	d := start(t, emulator.Options{PeeringDelay: time.Second, Network: emulator.Network{Peerings: []emulator.PeeringRule{
		{Name: "q1", Up: faults.Duration(10 * time.Second), Down: faults.Duration(5 * time.Second)},
		{Name: "q2", Up: faults.Duration(10 * time.Second), Down: faults.Duration(5 * time.Second), Fails: "link down", Delay: faults.Duration(2 * time.Second)},
	}}})
	d.create("c", `"queues":["q1","q2","q3"]`)
	for _, step := range []struct {
		at     time.Duration
		q1, q2 string
		since  time.Duration // the update_time of q2
	}{
		{0, "CREATING", "CREATING", 0},
		{1, "ACTIVE", "CREATING", 0},
		{2, "ACTIVE", "ACTIVE", 2},
		{10, "ACTIVE", "ACTIVE", 2},
		{11, "CREATING", "ACTIVE", 2},
		{12, "CREATING", "FAILED", 12},
		{16, "ACTIVE", "FAILED", 12},
		{17, "ACTIVE", "ACTIVE", 17},
		{26, "CREATING", "ACTIVE", 17},
		{27, "CREATING", "FAILED", 27},
	} {
		d.clock.advance(time.UnixMilli(startMillis).Add(step.at * time.Second).Sub(d.clock.read()))
		q3 := map[bool]string{true: "ACTIVE", false: "CREATING"}[step.at > 0]
		d.wantBound("q1 "+step.q1, "q2 "+step.q2, "q3 "+q3)
		p := d.Connections(projectA)[0].AvailableQueueInfo[1]
		wantText := map[bool]string{true: "link down"}[step.q2 == "FAILED"]
		if p.UpdateTime != startMillis+int64(step.since)*1000 || p.ErrMsg != wantText {
			t.Errorf("after %d s: %+v", step.at, p)
		}
	}
	// A queue reaches nothing while its peering is down.
	if first, _ := d.connectivity("q2", "db:1"); first != "UNREACHABLE" {
		t.Errorf("while it is down q2 finds %s, want UNREACHABLE", first)
	}
}

// The rule of a queue applies to the pool by which it is bound, that of the pool to each.
func TestPeeringRuleOfQueueInsidePool(t *testing.T) {
	d := start(t, emulator.Options{
		PoolOfQueue: map[string]string{"inner": "pool1", "inner2": "pool2"},
		Network: emulator.Network{Peerings: []emulator.PeeringRule{
			{Name: "inner", Fails: "of the queue"}, {Name: "pool1", Fails: "of the pool"}, {Name: "pool2", Fails: "of the pool"},
		}},
	})
	d.create("c", `"queues":["inner","inner2"]`)
	for i, want := range []string{"of the queue", "of the pool"} {
		if got := d.Connections(projectA)[0].ElasticResourcePools[i]; got.ErrMsg != want {
			t.Errorf("%+v, want err_msg %q", got, want)
		}
	}
}

func TestNetworkHandler(t *testing.T) {
	d := startAll(t, emulator.Options{})
	d.do("GET", emulator.NetworkPath, "").ok(`{"peerings":[],"addresses":[]}`)
	const rules = `{"peerings":[{"name":"q1","delay":"1m0s","fails":"no route","up":"1s","down":"2s"}],` +
		`"addresses":[{"address":"db:1","queue":"q1","after":"10s","takes":"3s"},{"connectivity":"UNREACHABLE"}]}`
	d.do("PUT", emulator.NetworkPath, rules).ok(rules)
	d.create("c", `"queues":["q1"]`)
	d.wantBound("q1 CREATING")
	for document, want := range map[string]string{
		`{"peerings":[{"delay":"1s"}]}`:                                          "peerings[0].name: is required",
		`{"peerings":[{"name":"q","delay":"-1s"}]}`:                              "peerings[0].delay: must be longer than 0",
		`{"peerings":[{"name":"q","up":"1s"}]}`:                                  "peerings[0].down: must be longer than 0",
		`{"peerings":[{"name":"q","down":"1s"}]}`:                                "peerings[0].up: must be longer than 0",
		`{"peerings":[{"name":"q","fail":"x"}]}`:                                 "peerings[0].fail: there is no such field",
		`{"peerings":[{"name":"q"}]}`:                                            "peerings[0].name: the rule has no effect without delay, fails, or up and down",
		`{"addresses":[{"address":"db:1"}]}`:                                     "addresses[0].connectivity: is required without after and takes",
		`{"addresses":[{"after":"-1s"}]}`:                                        "addresses[0].after: must be longer than 0",
		`{"addresses":[{"takes":"-1s"}]}`:                                        "addresses[0].takes: must be longer than 0",
		`{"addresses":[{"connectivity":"x"},{"connectivity":"x","after":"1s"}]}`: "addresses[1].after: cannot be combined with connectivity",
		`{"addresses":[{"after":"soon"}]}`:                                       "addresses[0].after: \"soon\" is no duration, as in 1.5s",
		`[]`:                                                                     "body: must be a JSON object",
	} {
		d.do("PUT", emulator.NetworkPath, document).is(400, fmt.Sprintf(`{"error":%q}`, want))
	}
	d.do("GET", emulator.NetworkPath, "").ok(rules)
	d.do("DELETE", emulator.NetworkPath, "").ok(`{"peerings":[],"addresses":[]}`)
	d.wantBound("q1 ACTIVE")
	if r := d.do("POST", emulator.NetworkPath, "{}"); r.status != 405 || r.header.Get("Allow") != "GET, PUT, DELETE" {
		t.Errorf("POST: %d, Allow %s", r.status, r.header.Get("Allow"))
	}
}
