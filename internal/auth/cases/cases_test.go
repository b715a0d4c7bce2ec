package cases_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/auth/cases"
)

// TestDocs plays the five policies of docs/policy.md.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, block := range strings.Split(string(page), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.Contains(text, "\ncases:") {
			continue
		}
		table, err := cases.Parse("docs/policy.md", []byte(text))
		if err != nil {
			t.Errorf("%v\nin\n%s", err, text)
			continue
		}
		var out bytes.Buffer
		if failed := table.Play(t.Context(), &out); failed > 0 {
			t.Errorf("%s", out.String())
		}
		played++
	}
	if played != 5 {
		t.Errorf("%d policies were played, not five", played)
	}
}

const header = `
policy:
  rules:
    - {name: own, methods: [GetEnhancedConnection], when: 'connection.name == "a"'}
    - {name: broken, methods: [CreateRoute], when: 'principal.attributes["x"] == ""'}
    - {name: night, methods: [DeleteRoute], when: 'now.getHours() < 6'}
    - {name: known, methods: [CreateEnhancedConnection], when: 'principal.name != "anonymous"'}
cases:
`

// TestPlay: what fails, and how it is said.
func TestPlay(t *testing.T) {
	for text, want := range map[string]string{
		`{method: GetEnhancedConnection, connection: {name: a}, want: ALLOW, rule: own}`:   "ok    case 1: ALLOW by rule own",
		`{method: GetEnhancedConnection, connection: {name: b}, want: ALLOW}`:              "FAIL  case 1: got DENY, as no rule applies, want ALLOW",
		`{method: GetEnhancedConnection, connection: {name: a}, want: ALLOW, rule: other}`: "FAIL  case 1: got ALLOW by rule own, want ALLOW by rule other",
		`{name: n, method: GetEnhancedConnection, want: DENY}`:                             "FAIL  n: a rule needs the connection: the case must have one",
		`{method: Get, want: DENY}`: `FAIL  case 1: no RPC "Get": they are `,
		`{principal: {id: a, kind: tokn}, method: Get, connection: {nme: a}, want: MAYBE}`: `FAIL  case 1: want must be ALLOW or DENY; principal.kind must be one of [anonymous token jwt mtls access_key], but is "tokn"; connection: `,
		`{principal: {id: a}, method: CreateRoute, want: DENY}`:                            `FAIL  case 1: principal.kind must be one of [anonymous token jwt mtls access_key], but is ""`,
		`{principal: {kind: anonymous, groups: [a]}, method: CreateRoute, want: DENY}`:     "FAIL  case 1: principal: the kind anonymous has the ID anonymous, no groups and no attributes",
		`{principal: {kind: anonymous}, method: CreateEnhancedConnection, want: DENY}`:     "ok    case 1: DENY, as no rule applies",
		`{method: CreateEnhancedConnection, want: DENY}`:                                   "ok    case 1: DENY, as no rule applies",
		`{method: CreateEnhancedConnection, connection: {name: a}, want: DENY}`:            "FAIL  case 1: connection has no effect: CreateEnhancedConnection names none",
		`{method: DeleteRoute, want: DENY}`:                                                "FAIL  case 1: a rule needs the time: now must be set",
		`{method: DeleteRoute, now: 2026-11-29T10:00:00Z, want: DENY}`:                     "ok    case 1: DENY, as no rule applies",
		`{method: CreateRoute, want: MAYBE}`:                                               "FAIL  case 1: want must be ALLOW or DENY",
		`{method: CreateRoute, request: {nme: a}, want: DENY}`:                             "FAIL  case 1: request: ",
		`{method: CreateRoute, want: ALLOW}`:                                               "FAIL  case 1: got DENY by rule broken, which cannot be evaluated: rule broken: no such key: x",
	} {
		table, err := cases.Parse("t.yaml", []byte(header+"  - "+text+"\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		var out bytes.Buffer
		failed := table.Play(t.Context(), &out)
		if got := out.String(); !strings.HasPrefix(got, want) || !strings.HasSuffix(got, fmt.Sprintf("1 cases, %d failed\n", failed)) {
			t.Errorf("%s:\ngot %s\nwant %s", text, got, want)
		}
	}
}

// TestParse: problems have the lines of the table; a configuration is read beside it.
func TestParse(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "connsvc.yaml"), []byte("upstreams: [{endpoint: \"https://a.example.com\", token: {env: T}}]\npolicy: {rules: [{name: all}]}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "t.yaml")
	table, err := cases.Parse(path, []byte("config: connsvc.yaml\ncases: [{method: CreateRoute, want: ALLOW}]\n"))
	if err != nil || table.Play(t.Context(), &bytes.Buffer{}) != 0 {
		t.Errorf("got %v", err)
	}
	for text, want := range map[string]string{
		"cases: []\n\npolicy:\n  rules:\n    - {name: a, when: 'x'}\n":                                "t.yaml:5:23: policy.rules[0].when: line 1, column 1 of the expression: undeclared reference to 'x'",
		"policy: {rules: [{name: a}]}\n":                                                              "it needs cases",
		"config: connsvc.yaml\npolicy: {rules: [{name: a}]}\n":                                        "both set",
		"config: absent.yaml\ncases: [{}]\n":                                                          "no such file",
		"policy: {rules: [{name: a}]}\ncases: [{method: CreateRoute, want: ALLOW}]\n---\ncases: []\n": "only one YAML document is allowed",
		"polcy: {}\n": "field polcy not found",
	} {
		if _, err := cases.Parse(path, []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}
