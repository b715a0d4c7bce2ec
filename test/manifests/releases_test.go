package manifests_test

import (
	"os"
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/yaml"
)

// TestTwoReleases loads the rules of two releases of one namespace into one
// Prometheus. Only one of them is there, and only its alerts and records exist once.
func TestTwoReleases(t *testing.T) {
	folder := t.TempDir()
	for _, release := range []string{"alive", "dead"} {
		objects := decode(t, renderRelease(t, release, "-f", chart+"/ci/minimal-values.yaml",
			"--set", "metrics.prometheusRule.enabled=true", "--set", "fullnameOverride="+release))
		rules, err := yaml.Marshal(one[*monitoringv1.PrometheusRule](t, objects).Spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, release+".yaml"), rules, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	test := string(readFile(t, repository+"/deploy/alerts/two_releases_test.yaml"))
	if err := os.WriteFile(filepath.Join(folder, "test.yaml"), []byte(test), 0o600); err != nil {
		t.Fatal(err)
	}
	runPromtool(t, filepath.Join(folder, "test.yaml"))
}
