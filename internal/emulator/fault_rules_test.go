package emulator_test

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/emulator"
)

func TestParseFaults(t *testing.T) {
	got, err := emulator.ParseFaults([]byte(`{"rules":[
		{"operation":"CreateEnhancedConnection","nth":2,"fault":{"kind":"drop_answer"}},
		{"operation":"*","probability":0.3,"seed":7,"times":5,"fault":{"kind":"status","status":429,"retry_after":"1.5s","retry_after_date":true}},
		{"operation":"iam","every":3,"fault":{"kind":"hang","delay":"1m","commit":true}}]}`))
	want := []emulator.Rule{
		{Operation: "CreateEnhancedConnection", Nth: 2, Fault: emulator.Fault{Kind: emulator.DropAnswer}},
		{Operation: "*", Probability: 0.3, Seed: 7, Times: 5, Fault: emulator.Fault{
			Kind: emulator.Status, Status: 429, RetryAfter: emulator.Duration(1500 * time.Millisecond), RetryAfterDate: true,
		}},
		{Operation: "iam", Every: 3, Fault: emulator.Fault{Kind: emulator.Hang, Delay: emulator.Duration(time.Minute), Commit: true}},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("%v, rules (-want +got):\n%s", err, diff)
	}
	// What a program writes is read again.
	document, err := json.Marshal(map[string]any{"rules": want})
	if err != nil {
		t.Fatal(err)
	}
	if got, err = emulator.ParseFaults(document); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%s: %v, %v", document, got, err)
	}
}

// A document that is refused says where.
func TestParseFaultsRefuses(t *testing.T) {
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
		`{"rules":[{"fault":{"delay":"5 sconds"}}]}`:                        `rules[0].fault.delay: "5 sconds" is no duration`,
		`{"rules":[{"fault":{"delay":5}}]}`:                                 "rules[0].fault.delay: ",
		`{"rules":[{"fault":{"dealy":"5s"}}]}`:                              "rules[0].fault.dealy: there is no such field",
		`{"rules":[{"operation":"*","fault":{"kind":"flood"}}]}`:            `rules[0].fault.kind: "flood" is no kind`,
		`{"rules":[{"operation":"Create","fault":{"kind":"hang"}}]}`:        `rules[0].operation: "Create" is no RPC`,
		`{"rules":[{"operation":"*","nth":1.5,"fault":{"kind":"hang"}}]}`:   "rules[0].nth: ",
		`{"rules":[{"operation":"*","seen":1,"fault":{"kind":"hang"}}]}`:    "rules[0].seen: there is no such field",
		`{"rules":[{"operation":"*","fault":{"kind":"hang"}},{"times":1}]}`: "rules[1].operation: ",
	} {
		rules, err := emulator.ParseFaults([]byte(document))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, %v, want %s", document, rules, err, want)
		}
	}
}

// Each field is refused where it is wrong or of no use, and the old rules stay.
func TestSetFaultsRefuses(t *testing.T) {
	hang := emulator.Fault{Kind: emulator.Hang}
	on := func(operation string, f emulator.Fault) emulator.Rule {
		return emulator.Rule{Operation: operation, Fault: f}
	}
	d := start(t, emulator.Options{Faults: []emulator.Rule{failing(emulator.Rule{})}})
	for _, test := range []struct {
		rule emulator.Rule
		want string
	}{
		{on("", hang), "operation"},
		{on("createEnhancedConnection", hang), "operation"},
		{on("IAM", hang), "operation"},
		{emulator.Rule{Operation: "*", Nth: -1, Fault: hang}, "nth"},
		{emulator.Rule{Operation: "*", Every: -1, Fault: hang}, "every"},
		{emulator.Rule{Operation: "*", Times: -1, Fault: hang}, "times"},
		{emulator.Rule{Operation: "*", Probability: -0.1, Fault: hang}, "probability"},
		{emulator.Rule{Operation: "*", Probability: 1.1, Fault: hang}, "probability"},
		{emulator.Rule{Operation: "*", Probability: math.NaN(), Fault: hang}, "probability"},
		{emulator.Rule{Operation: "*", Nth: 1, Every: 1, Fault: hang}, "every"},
		{emulator.Rule{Operation: "*", Nth: 1, Probability: 1, Fault: hang}, "probability"},
		{on("*", emulator.Fault{}), "fault.kind"},
		{on("*", emulator.Fault{Kind: "HANG"}), "fault.kind"},
		{on("*", emulator.Fault{Kind: emulator.Latency}), "fault.delay"},
		{on("*", emulator.Fault{Kind: emulator.Latency, Delay: -1}), "fault.delay"},
		{on("*", emulator.Fault{Kind: emulator.Hang, Delay: -1}), "fault.delay"},
		{on("*", emulator.Fault{Kind: emulator.DelayAnswer}), "fault.delay"},
		{on("*", emulator.Fault{Kind: emulator.ResetAfter, Delay: 1}), "fault.delay"},
		{on("*", emulator.Fault{Kind: emulator.ResetAfter, Commit: true}), "fault.commit"},
		{on("*", emulator.Fault{Kind: emulator.DropAnswer, Status: 500}), "fault.status"},
		{on("*", emulator.Fault{Kind: emulator.Status}), "fault.status"},
		{on("*", emulator.Fault{Kind: emulator.Status, Status: 399}), "fault.status"},
		{on("*", emulator.Fault{Kind: emulator.Status, Status: 600}), "fault.status"},
		{on("*", emulator.Fault{Kind: emulator.HTML, Status: 199}), "fault.status"},
		{on("*", emulator.Fault{Kind: emulator.HTML, Body: "x"}), "fault.body"},
		{on("*", emulator.Fault{Kind: emulator.Hang, Code: "DLI.0001"}), "fault.code"},
		{on("*", emulator.Fault{Kind: emulator.Status, Status: 500, Code: "DLI.0001", Body: "x"}), "fault.code"},
		{on("iam", emulator.Fault{Kind: emulator.Status, Status: 500, Code: "DLI.0001"}), "fault.code"},
		{on("*", emulator.Fault{Kind: emulator.ExpiredToken, Code: "DLI.0001"}), "fault.code"},
		{on("*", emulator.Fault{Kind: emulator.HTML, RetryAfter: 1}), "fault.retry_after"},
		{on("*", emulator.Fault{Kind: emulator.Status, Status: 429, RetryAfter: -1}), "fault.retry_after"},
		{on("*", emulator.Fault{Kind: emulator.Status, Status: 429, RetryAfterDate: true}), "fault.retry_after_date"},
		{on("*", emulator.Fault{Kind: emulator.StuckCreating}), "operation"},
		{on("GetEnhancedConnection", emulator.Fault{Kind: emulator.StuckCreating}), "operation"},
		{on("AssociateQueues", emulator.Fault{Kind: emulator.SlowList, Delay: 1}), "operation"},
		{on("CreateEnhancedConnection", emulator.Fault{Kind: emulator.SlowList}), "fault.delay"},
		{on("iam", emulator.Fault{Kind: emulator.Unsuccessful}), "operation"},
		{on("metadata", emulator.Fault{Kind: emulator.Unsuccessful}), "operation"},
	} {
		err := d.SetFaults([]emulator.Rule{on("*", hang), test.rule})
		if want := fmt.Sprintf("setting faults: rules[1].%s: ", test.want); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: %v, want %s", test.rule, err, want)
		}
	}
	if got := d.pattern(2); got != "55" {
		t.Errorf("after refused rules: %s", got)
	}
}

func TestNewPanicsOnBadFaults(t *testing.T) {
	defer func() {
		if text := fmt.Sprint(recover()); !strings.Contains(text, "rules[0].fault.kind") {
			t.Errorf("panic %q", text)
		}
	}()
	emulator.New(emulator.Options{Faults: []emulator.Rule{{Operation: "*"}}})
}

// Whatever is read can be set, and is read again from what it is written as.
func FuzzParseFaults(f *testing.F) {
	f.Add([]byte(`{"rules":[{"operation":"*","nth":2,"fault":{"kind":"status","status":503,"retry_after":"2s"}}]}`))
	f.Add([]byte(`{"rules":[{"operation":"iam","probability":1e-3,"fault":{"kind":"hang","delay":"-1ns"}}]}`))
	e := emulator.New(emulator.Options{})
	f.Fuzz(func(t *testing.T, document []byte) {
		rules, err := emulator.ParseFaults(document)
		if err != nil {
			return
		}
		if err := e.SetFaults(rules); err != nil {
			t.Errorf("%s was read but not taken: %v", document, err)
		}
		written, err := json.Marshal(map[string]any{"rules": rules})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := emulator.ParseFaults(written); err != nil || !cmp.Equal(rules, again) {
			t.Errorf("%s was written as %s: %v", document, written, err)
		}
	})
}
