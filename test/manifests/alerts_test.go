package manifests_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

const runbook = "https://github.com/connsvc/connsvc/blob/main/docs/runbook.md#"

// TestRunbook checks that each alert links to its section of the runbook, and that each
// section has an alert.
func TestRunbook(t *testing.T) {
	text := string(readFile(t, repository+"/docs/runbook.md"))
	sections := map[string]string{}
	for _, part := range strings.Split(text, "\n## ")[1:] {
		name, body, _ := strings.Cut(part, "\n")
		sections[name] = body
	}
	alerts := map[string]bool{}
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		alerts[r.Alert] = true
		if want := runbook + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
			t.Errorf("%s: runbook_url is %q, not %q", r.Alert, r.Annotations["runbook_url"], want)
		}
		body, ok := sections[r.Alert]
		if !ok {
			t.Errorf("docs/runbook.md has no section %s", r.Alert)
			continue
		}
		for _, part := range []string{"**Means**", "**Look at**", "**Do**"} {
			if !strings.Contains(body, part) {
				t.Errorf("docs/runbook.md: %s has no %s", r.Alert, part)
			}
		}
	}
	for name := range sections {
		if strings.HasPrefix(name, "Connsvc") && !alerts[name] {
			t.Errorf("docs/runbook.md: %s is no alert", name)
		}
	}
}

// TestAlertsAreTested checks that every alert fires in one test of the rules and does not
// in another.
func TestAlertsAreTested(t *testing.T) {
	text := string(readFile(t, repository+"/deploy/alerts/rules_test.yaml"))
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		asked := len(regexp.MustCompile(`alertname: `+r.Alert+`\b`).FindAllString(text, -1))
		silent := len(regexp.MustCompile(`alertname: `+r.Alert+`\b[^-]*exp_alerts: \[\]`).FindAllString(text, -1))
		if silent == 0 || asked == silent {
			t.Errorf("%s: %d tests, of which it is silent in %d", r.Alert, asked, silent)
		}
	}
}

// TestAlertsAreComplete checks for the annotations that a pager shows.
func TestAlertsAreComplete(t *testing.T) {
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		if !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) {
			t.Errorf("%s: severity %q", r.Alert, r.Labels["severity"])
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s: no summary, or no description", r.Alert)
		}
	}
}
