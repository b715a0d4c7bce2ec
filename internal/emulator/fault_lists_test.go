package emulator_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

const (
	create = "CreateEnhancedConnection"
	list   = "ListEnhancedConnections"
	second = faults.Duration(time.Second)
)

// lagging starts an emulator whose lists do not show the present.
func lagging(t *testing.T, rules ...faults.Rule) *dli {
	t.Helper()
	return start(t, emulator.Options{Faults: rules})
}

func (d *dli) wantList(query string, want ...string) {
	d.t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), names(d.t, d.do("GET", connectionsA+query, ""))); diff != "" {
		d.t.Errorf("list%s (-want +got):\n%s", query, diff)
	}
}

func TestSlowTags(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: create, Fault: faults.Fault{Kind: faults.SlowTags, Delay: 2 * second}})
	d.create("a", `"tags":[{"key":"k","value":"v"}]`)
	d.wantList("", "a")
	d.wantList("?name=a", "a")
	d.wantList("?tags=k=v")
	d.clock.advance(2*time.Second - time.Millisecond)
	d.wantList("?name=a&tags=k=v")
	d.clock.advance(time.Millisecond)
	d.wantList("?name=a&tags=k=v", "a")
}

// Until a late deletion shows, lists have the connection as it was.
func TestSlowListOfDeletes(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: "DeleteEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowList, Delay: 2 * second}})
	path, _ := d.create("a", `"queues":["q"],"hosts":[{"name":"h","ip":"10.0.0.1"}]`)
	before := d.do("GET", connectionsA, "").body
	d.clock.advance(time.Second)
	d.do("DELETE", path, "").ok(`{"is_success":true,"message":"Deleted"}`)
	if got := d.do("GET", path, "").text("status"); got != "DELETED" {
		t.Errorf("GET: status %q", got)
	}
	d.clock.advance(2*time.Second - time.Millisecond)
	d.do("GET", connectionsA+"?status=ACTIVE", "").ok(before)
	d.wantList("?status=DELETED")
	d.create("a") // the name is free at once
	d.clock.advance(time.Millisecond)
	d.wantList("?status=DELETED", "a")
	d.wantList("?status=ACTIVE", "a")
}

// Each change shows after the delay, in its order.
func TestOldList(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: list, Fault: faults.Fault{Kind: faults.OldList, Delay: 2 * second}})
	path, id := d.create("a")
	changes := []func(){
		func() { d.do("PUT", path, `{"hosts":[{"name":"h","ip":"10.0.0.1"}]}`) },
		func() { d.do("POST", path+"/associate-queue", `{"queues":["q"]}`) },
		func() { d.do("POST", path+"/routes", `{"name":"r","cidr":"10.0.0.0/8"}`) },
		func() { d.authorize("grant", id, `["BIND_QUEUE"]`) },
		func() { d.do("DELETE", path+"/routes/r", "") },
		func() { d.do("POST", path+"/disassociate-queue", `{"queues":["q"]}`) },
		func() { d.do("DELETE", path, "") },
	}
	want := []any{[]any{}, []any{}} // the lists of each second
	for _, change := range changes {
		one := d.do("GET", path, "").object()
		delete(one, "is_success")
		delete(one, "message")
		want = append(want, []any{one})
		d.wantNext(&want)
		d.clock.advance(time.Second)
		change()
	}
	for len(want) > 0 {
		d.wantNext(&want)
		d.clock.advance(time.Second)
	}
	d.wantList("?status=DELETED", "a")
}

func (d *dli) wantNext(want *[]any) {
	d.t.Helper()
	if diff := cmp.Diff((*want)[0], d.do("GET", connectionsA, "").object()["connections"]); diff != "" {
		d.t.Errorf("list (-want +got):\n%s", diff)
	}
	*want = (*want)[1:]
}

func TestSnapshotList(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: list, Fault: faults.Fault{Kind: faults.SnapshotList, Delay: 5 * second}})
	d.clock.advance(time.UnixMilli(startMillis).Truncate(5 * time.Second).Add(5 * time.Second).Sub(d.clock.read()))
	d.create("a") // in the first moment of the interval
	d.wantList("", "a")
	d.clock.advance(time.Second)
	d.create("b")
	d.clock.advance(4*time.Second - time.Millisecond)
	d.wantList("", "a")
	d.wantList("?name=b")
	d.clock.advance(time.Millisecond)
	d.wantList("", "a", "b")
}

// Two replicas serve lists in turn, one 1 s and one 3 s late.
func TestReplicas(t *testing.T) {
	d := lagging(
		t,
		faults.Rule{Operation: list, Fault: faults.Fault{Kind: faults.OldList, Delay: second}},
		faults.Rule{Operation: list, Every: 2, Fault: faults.Fault{Kind: faults.OldList, Delay: 3 * second}},
	)
	d.create("a")
	both := func(first, other string) {
		t.Helper()
		d.wantList("", strings.Fields(first)...)
		d.wantList("", strings.Fields(other)...)
	}
	both("", "")
	d.clock.advance(time.Second)
	both("a", "")
	d.clock.advance(2*time.Second - time.Millisecond)
	both("a", "")
	d.clock.advance(time.Millisecond)
	both("a", "a")
}

func TestShiftedDate(t *testing.T) {
	for shift, want := range map[time.Duration]string{
		2 * time.Second:  "Tue, 27 Aug 2019 06:40:13 GMT",
		-2 * time.Second: "Tue, 27 Aug 2019 06:40:09 GMT",
	} {
		d := lagging(
			t,
			faults.Rule{Operation: "*", Fault: faults.Fault{Kind: faults.ShiftedDate, Delay: faults.Duration(shift)}},
			faults.Rule{Operation: list, Fault: faults.Fault{Kind: faults.Status, Status: 503}},
		)
		r := d.do("POST", connectionsA, createBody("c"))
		if got := r.header.Get("Date"); got != want || r.status != http.StatusCreated {
			t.Errorf("%d with Date %q, want %q", r.status, got, want)
		}
		if got := d.Connections(projectA)[0].CreateTime; got != startMillis {
			t.Errorf("create_time %d, want that of the clock", got)
		}
		if got := d.do("GET", connectionsA, "").header.Get("Date"); got != want {
			t.Errorf("Date %q of an error, want %q", got, want)
		}
	}
}

// A late create is reset at once, and takes effect by the clock.
func TestLateCommit(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: create, Nth: 1, Fault: faults.Fault{Kind: faults.LateCommit, Delay: 5 * second}})
	if o := d.try("POST", connectionsA, createBody("c")); o.err == nil {
		t.Errorf("there is a response: %d %s", o.status, o.body)
	}
	d.clock.advance(5*time.Second - time.Millisecond)
	d.made(0)
	d.clock.advance(time.Minute)
	d.wantList("?name=c", "c")
	d.do("POST", connectionsA, createBody("c")).rejected(400, "DLI.0006", "The object exists.")
	if got := d.Connections(projectA)[0].CreateTime; got != startMillis+5000 {
		t.Errorf("create_time %d, want the time of execution", got)
	}
}

// A name that was taken meanwhile makes a late create fail, and only that.
func TestLateCommitOfATakenName(t *testing.T) {
	d := lagging(t, faults.Rule{Operation: create, Nth: 1, Fault: faults.Fault{Kind: faults.LateCommit, Delay: second}})
	d.try("POST", connectionsA, createBody("c"))
	d.create("c")
	d.clock.advance(time.Second)
	d.made(1)
}

// Late calls are executed in the order of their time, be they sent in another.
func TestLateCommitsInOrder(t *testing.T) {
	d := lagging(
		t,
		faults.Rule{Operation: create, Times: 1, Fault: faults.Fault{Kind: faults.LateCommit, Delay: 2 * second}},
		faults.Rule{Operation: create, Times: 2, Fault: faults.Fault{Kind: faults.LateCommit, Delay: second}},
	)
	for _, name := range []string{"third", "first", "second"} {
		d.try("POST", connectionsA, createBody(name))
	}
	d.clock.advance(2 * time.Second)
	d.wantList("", "first", "second", "third")
}

// What was read before the caller went is executed whole, and nothing else is.
func TestLateCommitWithoutItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := emulator.New(emulator.Options{Faults: []faults.Rule{{Operation: "*", Times: 1, Fault: faults.Fault{Kind: faults.LateCommit, Delay: second}}}})
		w, aborted := serve(t.Context(), t, e)
		if !aborted || w.Body.Len() != 0 {
			t.Errorf("aborted %t, %s", aborted, w.Body)
		}
		time.Sleep(time.Second - 1)
		if got := len(e.Connections(projectA)); got != 0 {
			t.Errorf("%d connections before the time", got)
		}
		time.Sleep(time.Nanosecond)
		w = httptest.NewRecorder()
		e.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", connectionsA, nil))
		if !strings.Contains(w.Body.String(), `"count":1,`) {
			t.Errorf("after the time: %s", w.Body)
		}
	})
}
