package emulator_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// TestDocs checks that docs/emulator.md has every kind of fault and every field of a
// rule, and the examples; and that its rules are valid.
func TestDocs(t *testing.T) {
	example, err := os.ReadFile("../../examples/faults.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := faults.Parse(example); err != nil {
		t.Errorf("examples/faults.json: %v", err)
	}
	source, err := os.ReadFile("../../docs/emulator.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(source)
	if !strings.Contains(page, "```json\n"+string(example)+"```\n") {
		t.Error("docs/emulator.md does not show examples/faults.json as it is")
	}
	network, err := os.ReadFile("../../examples/network.json")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := emulator.ParseNetwork(network); err != nil {
		t.Errorf("examples/network.json: %v", err)
	}
	shown := false
	for _, rules := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(page, -1) {
		if rules[1] == string(network) {
			shown = true
			continue
		}
		if _, err := faults.Parse([]byte(rules[1])); err != nil {
			t.Errorf("docs/emulator.md: %v in %s", err, rules[1])
		}
	}
	if !shown {
		t.Error("docs/emulator.md does not show examples/network.json as it is")
	}
	for _, kind := range []faults.Kind{
		faults.Latency, faults.Hang, faults.ResetBefore, faults.ResetAfter, faults.DropAnswer, faults.DelayAnswer,
		faults.TruncatedBody, faults.EndlessBody, faults.WrongLength, faults.Status, faults.HTML, faults.InvalidJSON,
		faults.Unsuccessful, faults.ExpiredToken, faults.LateCommit,
		faults.StuckCreating, faults.SlowList, faults.SlowTags, faults.OldList, faults.SnapshotList, faults.ShiftedDate,
	} {
		if !strings.Contains(page, "\n| `"+string(kind)+"` |") {
			t.Errorf("docs/emulator.md does not have the kind %s", kind)
		}
	}
	for _, of := range []reflect.Type{
		reflect.TypeFor[faults.Rule](), reflect.TypeFor[faults.Fault](), reflect.TypeFor[emulator.PeeringRule](), reflect.TypeFor[emulator.AddressRule](),
	} {
		for i := range of.NumField() {
			name, _, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
			if !strings.Contains(page, "`"+name+"`") {
				t.Errorf("docs/emulator.md does not have the field %s", name)
			}
		}
	}
}
