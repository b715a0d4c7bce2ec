package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/httprule"
)

// pattern makes n reads, and writes a digit for each: the first of its status.
func (d *dli) pattern(n int) string {
	d.t.Helper()
	var b strings.Builder
	for range n {
		fmt.Fprint(&b, d.do("GET", connectionsA, "").status/100)
	}
	return b.String()
}

func failing(r faults.Rule) faults.Rule {
	r.Operation = "ListEnhancedConnections"
	r.Fault = faults.Fault{Kind: faults.Status, Status: 503}
	return r
}

func TestWhen(t *testing.T) {
	throttled := faults.Rule{Operation: "*", Fault: faults.Fault{Kind: faults.Status, Status: 429}, Times: 1}
	slow := faults.Rule{Operation: "*", Fault: faults.Fault{Kind: faults.Latency, Delay: 1}}
	for name, test := range map[string]struct {
		rules []faults.Rule
		want  string
	}{
		"always":            {[]faults.Rule{failing(faults.Rule{})}, "55555555"},
		"third":             {[]faults.Rule{failing(faults.Rule{Nth: 3})}, "22522222"},
		"every third":       {[]faults.Rule{failing(faults.Rule{Every: 3})}, "22522522"},
		"every third, once": {[]faults.Rule{failing(faults.Rule{Every: 3, Times: 1})}, "22522222"},
		"the next two":      {[]faults.Rule{failing(faults.Rule{Times: 2})}, "55222222"},
		"certainly":         {[]faults.Rule{failing(faults.Rule{Probability: 1})}, "55555555"},
		"by chance":         {[]faults.Rule{failing(faults.Rule{Probability: 0.3, Seed: 1})}, "55522255"},
		"by chance, once":   {[]faults.Rule{failing(faults.Rule{Probability: 0.9, Seed: 1, Times: 1})}, "52222222"},
		"in order":          {[]faults.Rule{failing(faults.Rule{Times: 2}), throttled}, "55422222"},
		"in the other":      {[]faults.Rule{throttled, failing(faults.Rule{Times: 2})}, "45522222"},
		"combined":          {[]faults.Rule{slow, failing(faults.Rule{Nth: 2})}, "25222222"},
		"none":              {nil, "22222222"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := start(t, emulator.Options{Faults: test.rules}).pattern(8); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// Chance is repeatable: the same seed and calls give the same faults, a rule's
// draws do not depend on other rules, and the part of the calls is about right.
func TestChanceIsRepeatable(t *testing.T) {
	run := func(seed uint64, rules ...faults.Rule) string {
		return start(t, emulator.Options{Seed: seed, Faults: rules}).pattern(400)
	}
	byChance := failing(faults.Rule{Probability: 0.25})
	got := run(7, byChance)
	if again := run(7, byChance); again != got {
		t.Errorf("the same seed gave\n%s\nand\n%s", got, again)
	}
	if other := run(8, byChance); other == got {
		t.Errorf("two seeds gave %s", got)
	}
	if wrong := strings.Count(got, "5"); wrong < 60 || wrong > 140 {
		t.Errorf("%d of 400 calls went wrong, want about 100", wrong)
	}
	seeded := failing(faults.Rule{Probability: 0.25, Seed: 3})
	slow := faults.Rule{Operation: "*", Probability: 0.5, Fault: faults.Fault{Kind: faults.Latency, Delay: 1}}
	if alone, behind := run(7, seeded), run(9, slow, seeded); alone != behind {
		t.Errorf("alone %s, behind another rule %s", alone, behind)
	}
}

// Each RPC, over all its paths, is known by its name, and * is all of them.
func TestFaultsOfEveryOperation(t *testing.T) {
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService")
	bindings, err := httprule.Bindings(service)
	if err != nil {
		t.Fatal(err)
	}
	d := start(t, emulator.Options{})
	for _, b := range bindings {
		path := strings.NewReplacer("{project_id}", projectA, "{connection_id}", id(1), "{name}", "r").Replace(b.Template)
		for _, name := range []string{string(b.Method.Name()), "*"} {
			if err := d.SetFaults([]faults.Rule{
				{Operation: "iam", Fault: faults.Fault{Kind: faults.Status, Status: 500}},
				{Operation: name, Fault: faults.Fault{Kind: faults.Status, Status: 599}},
			}); err != nil {
				t.Fatal(err)
			}
			if r := d.do(b.HTTPMethod, path, ""); r.status != 599 {
				t.Errorf("%s with a rule for %s: status %d", r.request, name, r.status)
			}
		}
	}
}

func TestFaultsAreCounted(t *testing.T) {
	rules := []faults.Rule{
		{Operation: "GetEnhancedConnection", Fault: faults.Fault{Kind: faults.ResetAfter}},
		failing(faults.Rule{Every: 3}),
		{Operation: "*", Fault: faults.Fault{Kind: faults.Latency, Delay: 1}},
	}
	d := start(t, emulator.Options{Faults: rules})
	d.pattern(7)
	want := []faults.RuleState{{Rule: rules[0]}, {Rule: rules[1], Seen: 7, Fired: 2}, {Rule: rules[2], Seen: 5, Fired: 5}}
	if diff := cmp.Diff(want, d.Faults()); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if err := d.SetFaults(rules[1:2]); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]faults.RuleState{{Rule: rules[1]}}, d.Faults()); diff != "" {
		t.Errorf("faults set anew (-want +got):\n%s", diff)
	}
	if err := d.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	if got := d.pattern(3); got != "222" {
		t.Errorf("without rules: %s", got)
	}
}

func TestSlowList(t *testing.T) {
	d := start(t, emulator.Options{Faults: []faults.Rule{
		{Operation: "CreateEnhancedConnection", Nth: 2, Fault: faults.Fault{Kind: faults.SlowList, Delay: faults.Duration(5 * time.Second)}},
	}})
	d.create("a")
	path, _ := d.create("b")
	d.create("c")
	want := func(query string, want ...string) {
		t.Helper()
		if diff := cmp.Diff(append([]string{}, want...), names(t, d.do("GET", connectionsA+query, ""))); diff != "" {
			t.Errorf("list%s (-want +got):\n%s", query, diff)
		}
	}
	want("", "a", "c")
	want("?name=b")
	d.clock.advance(5*time.Second - time.Millisecond)
	want("?name=b")
	// All but lists have it at once.
	if r := d.do("GET", path, ""); r.status != http.StatusOK {
		t.Errorf("GET: %d %s", r.status, r.body)
	}
	d.do("POST", connectionsA, createBody("b")).rejected(400, "DLI.0006", "The object exists.")
	d.made(3)
	d.clock.advance(time.Millisecond)
	want("", "a", "b", "c")
	want("?name=b", "b")
}

func TestStuckCreating(t *testing.T) {
	stuck := func(operation string, delay time.Duration) faults.Rule {
		return faults.Rule{Operation: operation, Nth: 1, Fault: faults.Fault{Kind: faults.StuckCreating, Delay: faults.Duration(delay)}}
	}
	d := start(t, emulator.Options{PeeringDelay: time.Second, Faults: []faults.Rule{
		stuck("CreateEnhancedConnection", time.Minute), stuck("AssociateQueues", 0),
	}})
	path, _ := d.create("c", `"queues":["q1"]`)
	d.do("POST", path+"/associate-queue", `{"queues":["q2"]}`)
	d.do("POST", path+"/associate-queue", `{"queues":["q3"]}`)
	d.clock.advance(time.Minute)
	d.wantBound("q1 CREATING", "q2 CREATING", "q3 ACTIVE")
	d.clock.advance(time.Second)
	d.wantBound("q1 ACTIVE", "q2 CREATING", "q3 ACTIVE")
	d.clock.advance(100 * 365 * 24 * time.Hour)
	d.wantBound("q1 ACTIVE", "q2 CREATING", "q3 ACTIVE")
	d.do("DELETE", path, "").rejected(400, "DLI.0007", "The connection that is being created cannot be deleted.")
}

// A fault of what a call does combines with one of its response.
func TestUnlistedWithoutResponse(t *testing.T) {
	d := start(t, emulator.Options{Faults: []faults.Rule{
		{Operation: "CreateEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowList, Delay: faults.Duration(time.Second)}},
		{Operation: "CreateEnhancedConnection", Fault: faults.Fault{Kind: faults.DropAnswer}},
	}})
	if o := d.try("POST", connectionsA, createBody("c")); o.err == nil {
		t.Errorf("there is a response: %d %s", o.status, o.body)
	}
	if got := names(t, d.do("GET", connectionsA, "")); len(got) != 0 {
		t.Errorf("listed at once: %v", got)
	}
	d.made(1)
}

func TestNewPanicsOnBadFaults(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "rules[0].fault.kind") {
			t.Errorf("panic %q", text)
		}
	}()
	emulator.New(emulator.Options{Faults: []faults.Rule{{Operation: "*"}}})
}
