package config_test

import (
	"os"
	"strings"
	"testing"
)

const reference = "../../docs/configuration.md"

// TestDocsExamples loads every block of YAML in the page. One that does not say
// which upstreams there are gets one.
func TestDocsExamples(t *testing.T) {
	page, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("there are no examples")
	}
	for _, block := range blocks {
		text, _, _ := strings.Cut(block, "```")
		if !strings.Contains(text, "upstreams:") {
			text += "upstreams: [{ endpoint: \"https://dli.example.com\", token: { env: TOKEN } }]\n"
		}
		if _, err := load(t, text); err != nil {
			t.Errorf("%v\nin the example\n%s", err, text)
		}
	}
}

// TestDocsLinks wants each link within the page to lead to a heading.
func TestDocsLinks(t *testing.T) {
	page, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	anchors := make(map[string]bool)
	for line := range strings.Lines(string(page)) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			g := strings.NewReplacer("`", "", ",", "", "[", "", "]", "", ".", "", "*", "", " ", "-")
			anchor := "#" + strings.ToLower(g.Replace(strings.TrimSpace(heading)))
			if anchors[anchor] {
				t.Errorf("two headings are %s", anchor)
			}
			anchors[anchor] = true
		}
	}
	for _, link := range strings.Split(string(page), "](#")[1:] {
		anchor, _, _ := strings.Cut(link, ")")
		if !anchors["#"+anchor] {
			t.Errorf("#%s leads to no heading", anchor)
		}
	}
}
