// Package manifests_test checks the rendered chart: Kubernetes accepts every object, the
// objects fit each other, and connsvc accepts its configuration. It is a module of its
// own, so that connsvc does not depend on Kubernetes. "make helm" and "make alerts" build
// the tools that it calls.
package manifests_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	repository = "../.."
	chart      = repository + "/deploy/helm/connsvc"
	namespace  = "data"
)

// connsvc is the path of the command, built from the tree.
var connsvc string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	folder, err := os.MkdirTemp("", "manifests")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(folder)
	connsvc = filepath.Join(folder, "connsvc")
	if out, err := exec.Command("go", "-C", repository, "build", "-o", connsvc, "./cmd/connsvc").CombinedOutput(); err != nil {
		panic("building connsvc: " + err.Error() + "\n" + string(out))
	}
	return m.Run()
}

// scenarios are the names of the values files of the chart.
func scenarios(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(chart + "/ci/*-values.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios in %s/ci: %v", chart, err)
	}
	var names []string
	for _, f := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(f), "-values.yaml"))
	}
	return names
}

// each runs test for every scenario, with what the chart renders for it.
func each(t *testing.T, test func(t *testing.T, objects []object)) {
	for _, scenario := range scenarios(t) {
		t.Run(scenario, func(t *testing.T) {
			test(t, decode(t, render(t, "-f", chart+"/ci/"+scenario+"-values.yaml")))
		})
	}
}

func render(t *testing.T, args ...string) []byte {
	t.Helper()
	return renderRelease(t, "connsvc", args...)
}

func renderRelease(t *testing.T, release string, args ...string) []byte {
	t.Helper()
	args = append([]string{"template", release, chart, "--namespace", namespace}, args...)
	var stderr bytes.Buffer
	command := exec.CommandContext(t.Context(), tool(t, "helm"), args...)
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("helm %s: %v\n%s", strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// tool returns the path of a pinned tool.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(repository + "/.bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf(`no %s in .bin: run this by "make helm alerts"`, name)
	}
	return path
}

func readFile(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func drain(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
