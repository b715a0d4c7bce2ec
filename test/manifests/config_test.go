package manifests_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

const file = "connsvc.yaml"

// configuration returns the file that the pods mount.
func configuration(t *testing.T, objects []object) string {
	t.Helper()
	for _, c := range of[*corev1.ConfigMap](objects) {
		if text, ok := c.Data[file]; ok {
			return text
		}
	}
	t.Fatalf("no ConfigMap has %s", file)
	return ""
}

// TestConfiguration checks the rendered configuration with connsvc itself.
func TestConfiguration(t *testing.T) {
	each(t, checkConfiguration)
}

func checkConfiguration(t *testing.T, objects []object) {
	t.Helper()
	name := filepath.Join(t.TempDir(), file)
	if err := os.WriteFile(name, []byte(configuration(t, objects)), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), connsvc, "config", "check", name).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// TestGrace checks that the grace period is longer than connsvc may take to stop.
func TestGrace(t *testing.T) {
	each(t, func(t *testing.T, objects []object) {
		var config struct {
			Shutdown struct {
				DrainDelay string `json:"drain_delay"`
				Timeout    string `json:"timeout"`
			} `json:"shutdown"`
		}
		if err := yaml.Unmarshal([]byte(configuration(t, objects)), &config); err != nil {
			t.Fatal(err)
		}
		pod := one[*appsv1.Deployment](t, objects).Spec.Template.Spec
		least := duration(t, config.Shutdown.DrainDelay) + duration(t, config.Shutdown.Timeout)
		if l := pod.Containers[0].Lifecycle; l != nil {
			least += time.Duration(l.PreStop.Sleep.Seconds) * time.Second
		}
		// Telemetry is flushed last, within 5 seconds.
		least += 5 * time.Second
		if got := time.Duration(*pod.TerminationGracePeriodSeconds) * time.Second; got < least || got > least+time.Minute {
			t.Errorf("pods are killed after %v, connsvc may take %v", got, least)
		}
	})
}

func duration(t *testing.T, text string) time.Duration {
	t.Helper()
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// sources are the files and the variables that a configuration names.
func sources(t *testing.T, config string) (files, variables []string) {
	t.Helper()
	var tree any
	if err := yaml.Unmarshal([]byte(config), &tree); err != nil {
		t.Fatal(err)
	}
	walk(tree, func(key, value string) {
		switch {
		case key == "file", strings.HasSuffix(key, "_file"):
			files = append(files, value)
		case key == "env":
			variables = append(variables, value)
		}
	})
	slices.Sort(files)
	return slices.Compact(files), variables
}

// walk calls f for every key with a string value.
func walk(tree any, f func(key, value string)) {
	switch node := tree.(type) {
	case []any:
		for _, item := range node {
			walk(item, f)
		}
	case map[string]any:
		for key, value := range node {
			if text, ok := value.(string); ok {
				f(key, text)
				continue
			}
			walk(value, f)
		}
	}
}
