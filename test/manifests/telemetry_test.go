package manifests_test

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestMetricsDocumented wants docs/telemetry.md to have every metric that connsvc
// serves, with exactly its labels, and no other.
func TestMetricsDocumented(t *testing.T) {
	documented := map[string]string{}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)\\{([a-z_,]+)\\}` \\| ")
	for _, m := range row.FindAllStringSubmatch(string(readFile(t, repository+"/docs/telemetry.md")), -1) {
		names := strings.Split(m[2], ",")
		slices.Sort(names)
		documented[m[1]] = strings.Join(names, ",")
	}
	served := labelsOfMetrics(scrapeAll(t))
	for _, name := range slices.Sorted(maps.Keys(served)) {
		if documented[name] != served[name] {
			t.Errorf("docs/telemetry.md says %s{%s}, connsvc serves {%s}", name, documented[name], served[name])
		}
	}
	for name := range documented {
		if _, ok := served[name]; !ok {
			t.Errorf("docs/telemetry.md has %s, which connsvc does not serve", name)
		}
	}
}

// labelsOfMetrics are the labels of connsvc's own metrics, as one text.
func labelsOfMetrics(served series) map[string]string {
	of := map[string]string{}
	for name, sets := range served {
		base, _ := strings.CutSuffix(name, "_bucket")
		if base == name && (strings.HasSuffix(name, "_sum") || strings.HasSuffix(name, "_count")) {
			continue
		}
		if strings.HasPrefix(base, "go_") || strings.HasPrefix(base, "process_") || base == "target_info" {
			continue
		}
		names := map[string]bool{}
		for _, set := range sets {
			for label := range set {
				names[label] = true
			}
		}
		of[base] = strings.Join(slices.Sorted(maps.Keys(names)), ",")
	}
	return of
}
