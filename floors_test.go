// Package connsvc_test holds what is true of the repository as a whole.
package connsvc_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/connsvc/connsvc/"

// floors gives every package its floor: it may import lower ones only.
var floors = map[string]int{
	"gen/go/connsvc/v1":        0,
	"gen/go/connsvc/config/v1": 0,
	"internal/config":          1,
	"internal/credentials":     1,
	"internal/dlijson":         1,
	"internal/httprule":        1,
	"internal/signing":         1,
	"internal/buffers":         1,
	"internal/telemetry":       1,
	"internal/validation":      1,
	"internal/emulator":        2,
	"internal/upstream":        2,
	"internal/service":         3,
	"internal/server":          4,
	"internal/app":             5,
	"cmd/connsvc":              6,
}

// tools are commands of the build: no package of the service may import them,
// nor they any of it.
var tools = map[string]bool{"internal/bench": true, "internal/thirdparty": true}

// outside are the folders whose packages stand on top of everything: suites that
// try the whole, and examples.
var outside = []string{"test/", "examples/"}

// siblings are the imports within one floor that are meant.
var siblings = map[string]string{
	"internal/credentials": "internal/signing", // an access key signs
}

func TestFloors(t *testing.T) {
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}{{range .Imports}} {{.}}{{end}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		from := strings.TrimPrefix(fields[0], module)
		if from+"/" == module || tools[from] || slices.ContainsFunc(outside, func(dir string) bool { return strings.HasPrefix(from, dir) }) {
			continue
		}
		floor, ok := floors[from]
		if !ok {
			t.Errorf("%s has no floor: give it one here and in docs/architecture.md", from)
			continue
		}
		seen++
		for _, imported := range fields[1:] {
			to, ours := strings.CutPrefix(imported, module)
			if !ours || siblings[from] == to {
				continue
			}
			if tools[to] || floors[to] >= floor {
				t.Errorf("%s (floor %d) imports %s (floor %d)", from, floor, to, floors[to])
			}
		}
	}
	if seen != len(floors) {
		t.Errorf("%d packages seen, %d have a floor: remove what is gone", seen, len(floors))
	}
}
