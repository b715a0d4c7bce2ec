package emulator_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The emulator judges connsvc, so it must not share its code: a fault would hide on
// both sides.
func TestSharesNoCode(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/connsvc/connsvc/"
	for _, path := range strings.Fields(string(out)) {
		path, ours := strings.CutPrefix(path, module)
		if ours && path != "internal/signing" && !strings.HasPrefix(path+"/", "internal/emulator/") {
			t.Errorf("the emulator imports %s", path)
		}
	}
}
