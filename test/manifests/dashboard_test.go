package manifests_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// A promtoolTest is a file of "promtool test rules".
type promtoolTest struct {
	RuleFiles          []string    `json:"rule_files"`
	EvaluationInterval string      `json:"evaluation_interval"`
	Tests              []ruleGroup `json:"tests"`
}

type ruleGroup struct {
	Interval string        `json:"interval"`
	Input    []inputSeries `json:"input_series"`
	Queries  []queryTest   `json:"promql_expr_test"`
}

type inputSeries struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type queryTest struct {
	Expr     string   `json:"expr"`
	EvalTime string   `json:"eval_time"`
	Samples  []sample `json:"exp_samples"`
}

type sample struct {
	Labels string  `json:"labels"`
	Value  float64 `json:"value"`
}

// TestDashboard has Prometheus evaluate every query of the dashboard, and every
// recording rule that it needs, against the metrics of a connsvc with calls: each must
// have a result.
func TestDashboard(t *testing.T) {
	recorded := record(t)
	var input []inputSeries
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		input = append(input, inputSeries{name, recorded[name]})
	}
	var queries []queryTest
	all := expressions(t)
	for _, where := range slices.Sorted(maps.Keys(all)) {
		if !isPanel(where) {
			continue
		}
		t.Log(where)
		queries = append(queries, queryTest{
			Expr: "count(" + all[where] + ") > bool 0", EvalTime: "20m", Samples: []sample{{"{}", 1}},
		})
	}
	if len(queries) == 0 {
		t.Fatal("the dashboard has no queries")
	}
	rules, err := filepath.Abs(chart + "/files/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	promtool(t, promtoolTest{[]string{rules}, "1m", []ruleGroup{{"1m", input, queries}}})
}

func isPanel(where string) bool { return strings.HasPrefix(where, "panel ") }

// record returns the series of two scrapes, 20 minutes apart in Prometheus's time, of
// a connsvc that is called between them, and of one with TLS.
func record(t *testing.T) map[string]string {
	t.Helper()
	dev := startDev(t)
	tls := startWithTLS(t)
	callAll(t, dev)
	before := samplesOf(t, dev, tls)
	callAll(t, dev)
	recorded := make(map[string]string)
	for name, after := range samplesOf(t, dev, tls) {
		first, ok := before[name]
		if !ok {
			first = after
		}
		recorded[name] = decimal(first) + signed(decimal((after-first)/20)) + "x20"
	}
	return recorded
}

func promtool(t *testing.T, test promtoolTest) {
	t.Helper()
	text, err := yaml.Marshal(test)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	runPromtool(t, file)
}

// runPromtool runs a file of tests.
func runPromtool(t *testing.T, file string) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), tool(t, "promtool"), "test", "rules", file).CombinedOutput()
	if err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// decimal writes a number as promtool reads it, which knows no exponents.
func decimal(number float64) string { return strconv.FormatFloat(number, 'f', -1, 64) }

func signed(number string) string {
	if strings.HasPrefix(number, "-") {
		return number
	}
	return "+" + number
}

// samplesOf returns the value of each series, named as a scrape of the release would.
func samplesOf(t *testing.T, processes ...process) map[string]float64 {
	t.Helper()
	samples := make(map[string]float64)
	for i, p := range processes {
		for line := range strings.Lines(scrapeText(t, "http://"+p.admin)) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
			if end := strings.LastIndex(line, "} "); end >= 0 {
				name, value, ok = line[:end+1], strings.TrimSpace(line[end+2:]), true
			}
			if !ok || strings.HasPrefix(line, "#") {
				continue
			}
			number, err := strconv.ParseFloat(value, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			base, labels, _ := strings.Cut(strings.TrimSuffix(name, "}"), "{")
			scraped := fmt.Sprintf(`namespace="data",service="connsvc-metrics",pod="pod-%d"`, i)
			if labels != "" {
				scraped += "," + labels
			}
			samples[base+"{"+scraped+"}"] = number
		}
	}
	return samples
}
