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
	made := filepath.Join(t.TempDir(), "schema.json")
	command := exec.CommandContext(t.Context(), "go", "run", "./valuesschema", chart+"/values.schema.base.json", made)
	command.Stdin, command.Stderr = bytes.NewReader(config), os.Stderr
	if err := command.Run(); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readFile(t, made), readFile(t, chart+"/values.schema.json")) {
		t.Error(`values.schema.json is not current: run "make helm-schema"`)
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
