package manifests_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// series are the label sets of each metric that a connsvc serves.
type series map[string][]map[string]string

// A rule is an alert or a record of the rules.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct{ Groups []struct{ Rules []rule } }
	if err := yaml.Unmarshal(readFile(t, chart+"/files/rules.yaml"), &file); err != nil {
		t.Fatal(err)
	}
	var all []rule
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// expressions are all of the rules and of the dashboard, by where they are.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, r := range rules(t) {
		all["rule "+r.Alert+r.Record+" "+r.Labels["severity"]] = r.Expr
	}
	var dashboard struct {
		Panels []struct {
			Title   string
			Targets []struct{ RefID, Expr string }
		}
	}
	if err := json.Unmarshal(readFile(t, chart+"/files/dashboard.json"), &dashboard); err != nil {
		t.Fatal(err)
	}
	// Grafana's variables are texts of its own where PromQL wants durations.
	variables := strings.NewReplacer("$__rate_interval", "5m", `"$namespace"`, `".*"`, `"$service"`, `".*"`)
	for i, p := range dashboard.Panels {
		for _, target := range p.Targets {
			all["panel "+strconv.Itoa(i)+" "+p.Title+" "+target.RefID] = variables.Replace(target.Expr)
		}
	}
	return all
}

// TestMetrics checks that connsvc serves every metric and label of the rules and the
// dashboard, and every label value if its series exist from the start.
func TestMetrics(t *testing.T) {
	served := scrapeAll(t)
	for _, r := range rules(t) {
		if r.Record != "" {
			served[r.Record] = []map[string]string{{}}
		}
	}
	for where, text := range expressions(t) {
		expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			continue
		}
		for _, selector := range selectors(expr) {
			name := selector.Name
			if len(served[name]) == 0 {
				t.Errorf("%s: no connsvc serves %s", where, name)
				continue
			}
			checkMatchers(t, where, name, selector.LabelMatchers, served[name])
		}
	}
	if t.Failed() {
		t.Logf("served: %v", slices.Sorted(maps.Keys(served)))
	}
}

// selectors finds what an expression selects.
func selectors(expr parser.Expr) []*parser.VectorSelector {
	var found []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if s, ok := node.(*parser.VectorSelector); ok {
			found = append(found, s)
		}
		return nil
	})
	return found
}

// added are the labels that the scrape adds.
var added = []string{model.MetricNameLabel, "namespace", "service", "job", "pod", "instance"}

func checkMatchers(t *testing.T, where, name string, matchers []*labels.Matcher, served []map[string]string) {
	t.Helper()
	for _, m := range matchers {
		if slices.Contains(added, m.Name) {
			continue
		}
		// Series of calls come with the calls; all others are there from the start.
		complete := !strings.HasPrefix(name, "rpc_server_")
		ok := slices.ContainsFunc(served, func(l map[string]string) bool {
			value, has := l[m.Name]
			return has && (!complete || m.Matches(value))
		})
		if !ok {
			t.Errorf("%s: no series of %s has %v", where, name, m)
		}
	}
}

// TestReasons checks that the contract has the reasons and codes of the expressions.
func TestReasons(t *testing.T) {
	contract := string(readFile(t, repository+"/proto/connsvc/v1/error_reason.proto"))
	for where, text := range expressions(t) {
		for _, found := range regexp.MustCompile(`reason!?="([A-Z_]+)"`).FindAllStringSubmatch(text, -1) {
			if !strings.Contains(contract, "\n  "+found[1]+" = ") {
				t.Errorf("%s: no error has the reason %s", where, found[1])
			}
		}
	}
}

// scrapeText returns what /metrics serves.
func scrapeText(t *testing.T, address string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := new(http.Client).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func scrape(t *testing.T, into series, address string) {
	t.Helper()
	scheme := expfmt.NewTextParser(model.UTF8Validation)
	families, err := scheme.TextToMetricFamilies(strings.NewReader(scrapeText(t, address)))
	if err != nil {
		t.Fatal(err)
	}
	for name, family := range families {
		names := []string{name}
		if family.GetType().String() == "HISTOGRAM" {
			names = []string{name + "_bucket", name + "_sum", name + "_count"}
		}
		for _, m := range family.GetMetric() {
			set := map[string]string{}
			for _, l := range m.GetLabel() {
				set[l.GetName()] = l.GetValue()
			}
			for _, n := range names {
				into[n] = append(into[n], set)
			}
		}
	}
}
