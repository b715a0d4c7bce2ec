package manifests_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// TestSchemaIsCurrent wants the committed schema of the values to be what the
// configuration's schema makes of it.
func TestSchemaIsCurrent(t *testing.T) {
	config, err := exec.CommandContext(t.Context(), connsvc, "config", "schema").Output()
	if err != nil {
		t.Fatal(err)
	}
	schema, durations := filepath.Join(t.TempDir(), "schema.json"), filepath.Join(t.TempDir(), "durations.json")
	command := exec.CommandContext(t.Context(), "go", "run", "./valuesschema", chart+"/values.schema.base.json", schema, durations)
	command.Stdin, command.Stderr = bytes.NewReader(config), os.Stderr
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	for committed, made := range map[string]string{"values.schema.json": schema, "files/durations.json": durations} {
		if !bytes.Equal(readFile(t, made), readFile(t, chart+"/"+committed)) {
			t.Errorf(`%s is not current: run "make helm-schema"`, committed)
		}
	}
}

// TestReadme checks that the chart's README has every value.
func TestReadme(t *testing.T) {
	var values map[string]any
	if err := yaml.Unmarshal(readFile(t, chart+"/values.yaml"), &values); err != nil {
		t.Fatal(err)
	}
	readme := string(readFile(t, chart+"/README.md"))
	for _, name := range names("", values) {
		if !strings.Contains(readme, "| `"+name+"` |") {
			t.Errorf("README.md does not list %s", name)
		}
	}
}

// whole are values that Kubernetes, or connsvc, says the keys of.
var whole = []string{
	"config", "resources", "podSecurityContext", "securityContext", "startupProbe", "livenessProbe",
	"readinessProbe", "autoscaling.behavior", "metrics.dashboard.labels",
}

// names are the dotted names of all values.
func names(prefix string, values map[string]any) []string {
	var all []string
	for key, value := range values {
		name := prefix + key
		if below, ok := value.(map[string]any); ok && len(below) > 0 && !slices.Contains(whole, name) {
			all = append(all, names(name+".", below)...)
			continue
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}
