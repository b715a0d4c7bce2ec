package emulator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
)

func quirky(t *testing.T, q emulator.Quirks) *dli {
	t.Helper()
	return start(t, emulator.Options{Quirks: q, Queues: []string{"q1", "q2"}, Subnets: []string{subnet}})
}

func TestQuirkAllowDuplicateNames(t *testing.T) {
	d := quirky(t, emulator.Quirks{AllowDuplicateNames: true})
	d.create("c")
	d.create("c")
	if got := len(d.Connections(projectA)); got != 2 {
		t.Errorf("%d connections, want 2", got)
	}
}

func TestQuirkMissingIs404(t *testing.T) {
	d := quirky(t, emulator.Quirks{MissingIs404: true})
	d.do("GET", connectionsA+"/"+id(9), "").rejected(404, "DLI.0023", "No related resources were found.")
	d.do("DELETE", connectionsA+"/"+id(9), "").rejected(404, "DLI.0023", "No related resources were found.")
}

func TestQuirkDeletedRetention(t *testing.T) {
	d := quirky(t, emulator.Quirks{DeletedRetention: time.Hour})
	path, connectionID := d.create("c")
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.clock.advance(time.Hour - time.Millisecond)
	if got := d.do("GET", path, "").text("status"); got != "DELETED" {
		t.Errorf("within the retention: status %q", got)
	}
	d.clock.advance(time.Millisecond)
	d.do("GET", path, "").rejected(400, "DLI.0001", missing(connectionID))
	d.do("GET", connectionsA, "").ok(`{"is_success":true,"message":"","count":0,"connections":[]}`)

	d = quirky(t, emulator.Quirks{DeletedRetention: -1})
	path, connectionID = d.create("c")
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	d.do("GET", path, "").rejected(400, "DLI.0001", missing(connectionID))
}

func TestQuirksOfList(t *testing.T) {
	for name, test := range map[string]struct {
		quirks emulator.Quirks
		query  string
		want   []string
	}{
		"hides deleted":              {emulator.Quirks{ListHidesDeleted: true}, "", []string{"a1", "c3"}},
		"hides deleted unless asked": {emulator.Quirks{ListHidesDeleted: true}, "?status=DELETED", []string{"b2"}},
		"newest first":               {emulator.Quirks{NewestFirst: true}, "?limit=2", []string{"c3", "b2"}},
		"limit at most":              {emulator.Quirks{MaxLimit: 2}, "?limit=2", []string{"a1", "b2"}},
	} {
		t.Run(name, func(t *testing.T) {
			d := quirky(t, test.quirks)
			fill(d)
			if diff := cmp.Diff(test.want, names(t, d.do("GET", connectionsA+test.query, ""))); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQuirkMaxLimit(t *testing.T) {
	quirky(t, emulator.Quirks{MaxLimit: 2}).do("GET", connectionsA+"?limit=3", "").rejectedWith("limit")
}

func TestQuirkCountIsTotal(t *testing.T) {
	d := quirky(t, emulator.Quirks{CountIsTotal: true})
	d.create("a")
	d.create("b")
	got := d.do("GET", connectionsA+"?limit=1", "").object()
	if list, _ := got["connections"].([]any); len(list) != 1 || got["count"] != parse(t, "2") {
		t.Errorf("%d connections and count %v, want 1 and 2", len(list), got["count"])
	}
}

func TestQuirkRebindFails(t *testing.T) {
	d := quirky(t, emulator.Quirks{RebindFails: true})
	path, _ := d.create("c", `"queues":["q1"]`)
	d.do("POST", path+"/associate-queue", `{"queues":["q2","q1"]}`).rejected(400, "DLI.0006", "The object exists.")
	d.wantBound("q1 ACTIVE")
}

func TestQuirkUnbindUnboundFails(t *testing.T) {
	d := quirky(t, emulator.Quirks{UnbindUnboundFails: true})
	path, _ := d.create("c", `"queues":["q1"]`)
	d.do("POST", path+"/disassociate-queue", `{"queues":["q1","q2"]}`).rejected(400, "DLI.0002", "There is no queue named q2")
	d.wantBound("q1 ACTIVE")
}

func TestQuirkPartialBind(t *testing.T) {
	d := quirky(t, emulator.Quirks{PartialBind: true})
	path, _ := d.create("c")
	d.do("POST", path+"/associate-queue", `{"queues":["q1","nope","q2"]}`).rejected(400, "DLI.0002", "There is no queue named nope")
	d.wantBound("q1 ACTIVE", "q2 ACTIVE")
}

func TestQuirkUnknownQueueCode(t *testing.T) {
	d := quirky(t, emulator.Quirks{UnknownQueueCode: "DLI.0008"})
	d.do("POST", connectionsA, createBody("c", `"queues":["nope"]`)).rejected(400, "DLI.0008", "There is no queue named nope")
}

func TestQuirkUnknownQueueFails(t *testing.T) {
	d := quirky(t, emulator.Quirks{UnknownQueueFails: true})
	d.create("c", `"queues":["q1","nope"]`)
	d.wantBound("q1 ACTIVE", "nope FAILED")
	if got := d.Connections(projectA)[0].AvailableQueueInfo[1].ErrMsg; got != "There is no queue named nope" {
		t.Errorf("err_msg %q", got)
	}
}

func TestQuirkUnknownSubnetRejected(t *testing.T) {
	d := start(t, emulator.Options{Quirks: emulator.Quirks{UnknownSubnetRejected: true}, Subnets: []string{}})
	d.do("POST", connectionsA, createBody("c")).rejected(400, "DLI.0002", "Failed to get subnet "+subnet)
}

func TestQuirkMaxRoutes(t *testing.T) {
	d := quirky(t, emulator.Quirks{MaxRoutes: 1})
	path, _ := d.create("c")
	d.do("POST", path+"/routes", `{"name":"r1","cidr":"10.0.0.0/8"}`).ok(`{"is_success":true,"message":""}`)
	d.do("POST", path+"/routes", `{"name":"r2","cidr":"11.0.0.0/8"}`).
		rejected(400, "DLI.0009", "System restrictions. A connection has at most 1 routes.")
}

func TestQuirkProjectHeaderChecked(t *testing.T) {
	d := quirky(t, emulator.Quirks{ProjectHeaderChecked: true})
	for header, want := range map[string]int{projectA: 200, projectB: 403, "": 200} {
		if r := d.do("GET", connectionsA, "", "X-Project-Id", header); r.status != want {
			t.Errorf("X-Project-Id %q: %d %s, want %d", header, r.status, r.body, want)
		}
	}
}

// Two emulators with one seed respond alike, whatever the reads in between.
func TestSeed(t *testing.T) {
	run := func(seed uint64, reads int) string {
		d := start(t, emulator.Options{Seed: seed})
		for range reads {
			d.do("GET", connectionsA, "")
		}
		path, _ := d.create("c", `"queues":["q"]`)
		return d.do("GET", path, "").body
	}
	first := run(7, 0)
	if second := run(7, 3); second != first {
		t.Errorf("the same seed responded\n%s\nand\n%s", first, second)
	}
	r := start(t, emulator.Options{Seed: 7}).do("POST", connectionsA, createBody("c"))
	if strings.ReplaceAll(r.text("connection_id"), "-", "") == r.header.Get("X-Request-Id") {
		t.Errorf("the connection has the ID of its request: %s", r.body)
	}
	if other := run(8, 0); other == first {
		t.Errorf("another seed responded the same: %s", other)
	}
}
