// Package image_test runs the steps of the Dockerfile without a container engine and checks
// the image: its files, that builds are reproducible, and that it runs as its user. It
// does not test the base image of the build stage: it uses the Go that runs the test, which
// must be the release that the Dockerfile names.
package image_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// repository is where the Dockerfile is.
const repository = "../../.."

// A dockerfile is the two stages that the Dockerfile must have.
type dockerfile struct{ build, final instructions.Stage }

// parse reads the Dockerfile as BuildKit does; a warning of its linter fails the test.
func parse(t *testing.T) dockerfile {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, message string, _ []parser.Range) {
		t.Errorf("Dockerfile: %s: %s", rule, message)
	}})
	stages, _, err := instructions.Parse(file.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	if len(stages) != 2 || stages[0].Name != "build" || stages[1].BaseName != "scratch" {
		t.Fatal("the Dockerfile must have a stage build, and one from scratch")
	}
	return dockerfile{stages[0], stages[1]}
}

// TestGoRelease checks that the Dockerfile, go.mod and this test use one release of Go.
func TestGoRelease(t *testing.T) {
	out, err := exec.Command("go", "-C", repository, "list", "-m", "-f", "{{.GoVersion}}").Output()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(string(out))
	if base := parse(t).build.BaseName; base != "golang:"+want {
		t.Errorf("the Dockerfile builds from %s, go.mod wants %s", base, want)
	}
	used, err := exec.Command("go", "-C", repository, "env", "GOVERSION").Output()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimSpace(string(used)); got != "go"+want {
		t.Errorf("this is %s, go.mod wants %s", got, want)
	}
}
