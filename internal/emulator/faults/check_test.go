package faults_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator/faults"
)

func TestParse(t *testing.T) {
	got, err := faults.Parse([]byte(`{"rules":[
		{"operation":"CreateEnhancedConnection","nth":2,"fault":{"kind":"drop_answer"}},
		{"operation":"*","probability":0.3,"seed":7,"times":5,"fault":{"kind":"status","status":429,"retry_after":"1.5s","retry_after_date":true}},
		{"operation":"iam","project":"p*","fault":{"kind":"short_life","delay":"1us"}},
		{"operation":"iam","every":3,"fault":{"kind":"hang","delay":"1m","commit":true}}]}`))
	want := []faults.Rule{
		{Operation: "CreateEnhancedConnection", Nth: 2, Fault: faults.Fault{Kind: faults.DropAnswer}},
		{Operation: "*", Probability: 0.3, Seed: 7, Times: 5, Fault: faults.Fault{
			Kind: faults.Status, Status: 429, RetryAfter: faults.Duration(1500 * time.Millisecond), RetryAfterDate: true,
		}},
		{Operation: "iam", Project: "p*", Fault: faults.Fault{Kind: faults.ShortLife, Delay: faults.Duration(time.Microsecond)}},
		{Operation: "iam", Every: 3, Fault: faults.Fault{Kind: faults.Hang, Delay: faults.Duration(time.Minute), Commit: true}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, rules (-want +got):\n%s", err, diff)
	}
	// What a program writes is read again.
	document, err := json.Marshal(map[string]any{"rules": want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = faults.Parse(document); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%s: %v, %v", document, got, err)
	}
}

// An error says where in the document it is.
func TestParseRejects(t *testing.T) {
	for document, want := range map[string]string{
		``:                              "body: ",
		`[]`:                            "body: ",
		`{}`:                            "rules: is required",
		`{"rules":[]} {}`:               "body: ",
		`{"rule":[]}`:                   "rule: there is no such field",
		`{"rules":{}}`:                  "rules: ",
		`{"rules":[{}]}`:                `rules[0].operation: "" is no RPC`,
		`{"rules":[{"nth":1,`:           "rules[0]",
		`{"rules":[{"nth":"1"`:          "rules[0].nth: ",
		`{"rules":[{"nth":1,"nth":1}]}`: "rules[0].nth: ",
		`{"rules":[{"fault":{"delay":"5 sconds"}}]}`:                                 `rules[0].fault.delay: "5 sconds" is no duration`,
		`{"rules":[{"fault":{"delay":5}}]}`:                                          "rules[0].fault.delay: ",
		`{"rules":[{"fault":{"dealy":"5s"}}]}`:                                       "rules[0].fault.dealy: there is no such field",
		`{"rules":[{"operation":"*","fault":{"kind":"flood"}}]}`:                     `rules[0].fault.kind: "flood" is no kind`,
		`{"rules":[{"operation":"Create","fault":{"kind":"hang"}}]}`:                 `rules[0].operation: "Create" is no RPC`,
		`{"rules":[{"operation":"*","project":"a*b","fault":{"kind":"hang"}}]}`:      "rules[0].project: may have a * at its end only",
		`{"rules":[{"operation":"metadata","project":"p","fault":{"kind":"hang"}}]}`: "rules[0].project: has no use here",
		`{"rules":[{"operation":"*","fault":{"kind":"short_life","delay":"1s"}}]}`:   "rules[0].operation: must be iam",
		`{"rules":[{"operation":"*","nth":1.5,"fault":{"kind":"hang"}}]}`:            "rules[0].nth: ",
		`{"rules":[{"operation":"*","seen":1,"fault":{"kind":"hang"}}]}`:             "rules[0].seen: there is no such field",
		`{"rules":[{"operation":"*","fault":{"kind":"hang"}},{"times":1}]}`:          "rules[1].operation: ",
	} {
		rules, err := faults.Parse([]byte(document))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", document, rules, err, want)
		}
	}
}

// Each field is rejected where it is wrong or unused, and the old rules stay.
func TestReplaceRejects(t *testing.T) {
	hang := faults.Fault{Kind: faults.Hang}
	on := func(operation string, f faults.Fault) faults.Rule {
		return faults.Rule{Operation: operation, Fault: f}
	}
	set := faults.NewSet(0, time.Now)
	if err := set.Replace([]faults.Rule{on("iam", hang)}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		rule faults.Rule
		want string
	}{
		{on("", hang), "operation"},
		{on("createEnhancedConnection", hang), "operation"},
		{on("IAM", hang), "operation"},
		{faults.Rule{Operation: "*", Nth: -1, Fault: hang}, "nth"},
		{faults.Rule{Operation: "*", Every: -1, Fault: hang}, "every"},
		{faults.Rule{Operation: "*", Times: -1, Fault: hang}, "times"},
		{faults.Rule{Operation: "*", Probability: -0.1, Fault: hang}, "probability"},
		{faults.Rule{Operation: "*", Probability: 1.1, Fault: hang}, "probability"},
		{faults.Rule{Operation: "*", Probability: math.NaN(), Fault: hang}, "probability"},
		{faults.Rule{Operation: "*", Nth: 1, Every: 1, Fault: hang}, "every"},
		{faults.Rule{Operation: "*", Nth: 1, Probability: 1, Fault: hang}, "probability"},
		{on("*", faults.Fault{}), "fault.kind"},
		{on("*", faults.Fault{Kind: "HANG"}), "fault.kind"},
		{on("*", faults.Fault{Kind: faults.Latency}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.Latency, Delay: -1}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.Hang, Delay: -1}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.DelayAnswer}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.ResetAfter, Delay: 1}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.ResetAfter, Commit: true}), "fault.commit"},
		{on("*", faults.Fault{Kind: faults.DropAnswer, Status: 500}), "fault.status"},
		{on("*", faults.Fault{Kind: faults.Status}), "fault.status"},
		{on("*", faults.Fault{Kind: faults.Status, Status: 399}), "fault.status"},
		{on("*", faults.Fault{Kind: faults.Status, Status: 600}), "fault.status"},
		{on("*", faults.Fault{Kind: faults.HTML, Status: 199}), "fault.status"},
		{on("*", faults.Fault{Kind: faults.HTML, Body: "x"}), "fault.body"},
		{on("*", faults.Fault{Kind: faults.Hang, Code: "DLI.0001"}), "fault.code"},
		{on("*", faults.Fault{Kind: faults.Status, Status: 500, Code: "DLI.0001", Body: "x"}), "fault.code"},
		{on("iam", faults.Fault{Kind: faults.Status, Status: 500, Code: "DLI.0001"}), "fault.code"},
		{on("*", faults.Fault{Kind: faults.ExpiredToken, Code: "DLI.0001"}), "fault.code"},
		{on("*", faults.Fault{Kind: faults.HTML, RetryAfter: 1}), "fault.retry_after"},
		{on("*", faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: -1}), "fault.retry_after"},
		{on("*", faults.Fault{Kind: faults.Status, Status: 429, RetryAfterDate: true}), "fault.retry_after_date"},
		{on("*", faults.Fault{Kind: faults.StuckCreating}), "operation"},
		{on("GetEnhancedConnection", faults.Fault{Kind: faults.StuckCreating}), "operation"},
		{on("AssociateQueues", faults.Fault{Kind: faults.SlowList, Delay: 1}), "operation"},
		{on("CreateEnhancedConnection", faults.Fault{Kind: faults.SlowList}), "fault.delay"},
		{on("GetEnhancedConnection", faults.Fault{Kind: faults.SlowList, Delay: 1}), "operation"},
		{on("DeleteEnhancedConnection", faults.Fault{Kind: faults.SlowTags, Delay: 1}), "operation"},
		{on("CreateEnhancedConnection", faults.Fault{Kind: faults.SlowTags}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.OldList, Delay: 1}), "operation"},
		{on("ListEnhancedConnections", faults.Fault{Kind: faults.OldList, Delay: -1}), "fault.delay"},
		{on("CreateEnhancedConnection", faults.Fault{Kind: faults.SnapshotList, Delay: 1}), "operation"},
		{on("ListEnhancedConnections", faults.Fault{Kind: faults.SnapshotList}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.ShiftedDate}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.LateCommit}), "fault.delay"},
		{on("*", faults.Fault{Kind: faults.LateCommit, Delay: 1, Commit: true}), "fault.commit"},
		{on("iam", faults.Fault{Kind: faults.LateCommit, Delay: 1}), "operation"},
		{on("iam", faults.Fault{Kind: faults.Unsuccessful}), "operation"},
		{on("metadata", faults.Fault{Kind: faults.Unsuccessful}), "operation"},
	} {
		err := set.Replace([]faults.Rule{on("*", hang), test.rule})
		if want := fmt.Sprintf("setting faults: rules[1].%s: ", test.want); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", test.rule, err, want)
		}
	}
	if got := set.States(); len(got) != 1 || got[0].Rule != on("iam", hang) {
		t.Errorf("after rejected rules: %v", got)
	}
}

// Whatever is read can be set, and is read again from what it is written as.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"rules":[{"operation":"*","nth":2,"fault":{"kind":"status","status":503,"retry_after":"2s"}}]}`))
	f.Add([]byte(`{"rules":[{"operation":"iam","probability":1e-3,"fault":{"kind":"hang","delay":"-1ns"}}]}`))
	set := faults.NewSet(0, time.Now)
	f.Fuzz(func(t *testing.T, document []byte) {
		rules, err := faults.Parse(document)
		if err != nil {
			return
		}
		if err := set.Replace(rules); err != nil {
			t.Errorf("%s was read but not taken: %v", document, err)
		}
		written, err := json.Marshal(map[string]any{"rules": rules})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := faults.Parse(written); err != nil || !cmp.Equal(rules, again) {
			t.Errorf("%s was written as %s: %v", document, written, err)
		}
	})
}
