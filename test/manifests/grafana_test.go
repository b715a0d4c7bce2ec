package manifests_test

import (
	"encoding/json"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// A classic dashboard is what Grafana imports from a file.
type classic = dashboard.Dashboard //nolint:staticcheck // the new form is a resource of Grafana's API

// TestDashboardTypes decodes the dashboard strictly by Grafana's own types, those of its
// panels and queries included. A panel without a query shows nothing.
func TestDashboardTypes(t *testing.T) {
	cog.NewRuntime().RegisterPanelcfgVariant(timeseries.VariantConfig())
	cog.NewRuntime().RegisterPanelcfgVariant(stat.VariantConfig())
	cog.NewRuntime().RegisterDataqueryVariant(prometheus.VariantConfig())
	text := readFile(t, chart+"/files/dashboard.json")
	// Its error is never nil, and has no text where there is none.
	if err := new(classic).UnmarshalJSONStrict(text); err != nil && err.Error() != "" {
		t.Error(err)
	}
	var decoded classic
	if err := json.Unmarshal(text, &decoded); err != nil {
		t.Fatal(err)
	}
	if err := decoded.Validate(); err != nil {
		t.Error(err)
	}
	queries := 0
	for _, item := range decoded.Panels {
		switch panel := item.Panel; {
		case panel == nil: // a row; TestDashboard does not look within
			if len(item.RowPanel.Panels) > 0 {
				t.Errorf("the row %q has panels within", *item.RowPanel.Title)
			}
		case panel.Type != "row" && len(panel.Targets) == 0:
			t.Errorf("the panel %q has no query", *panel.Title)
		default:
			queries += len(panel.Targets)
		}
	}
	evaluated := 0
	for where := range expressions(t) {
		if isPanel(where) {
			evaluated++
		}
	}
	if queries == 0 || evaluated != queries {
		t.Errorf("%d queries, of which promtool evaluates %d", queries, evaluated)
	}
}
