package connsvc_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fenced    = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	spanned   = regexp.MustCompile("`[^`\n]*`")
	linked    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headed    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	dropped   = regexp.MustCompile(`[^\pL\pN_ -]`)
	elsewhere = regexp.MustCompile(`^[a-z]+:`)
)

// TestLinks checks every link between pages of the repository, and its heading if it has
// one.
func TestLinks(t *testing.T) {
	pages := map[string]string{} // by path, without code blocks
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "third_party" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			text, err := os.ReadFile(path)
			pages[path] = fenced.ReplaceAllString(string(text), "")
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(pages) < 2 {
		t.Fatalf("%d pages", len(pages))
	}
	for page, text := range pages {
		for _, m := range linked.FindAllStringSubmatch(spanned.ReplaceAllString(text, "code"), -1) {
			if elsewhere.MatchString(m[1]) {
				continue
			}
			path, heading, _ := strings.Cut(m[1], "#")
			target := page
			if path != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(path))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s has no target", page, m[1])
				continue
			}
			if heading != "" && filepath.Ext(target) == ".md" && !anchors(pages[target])[heading] {
				t.Errorf("%s: the link %s has no heading", page, m[1])
			}
		}
	}
}

// anchors returns the headings of a page in the form of links.
func anchors(page string) map[string]bool {
	all := map[string]bool{}
	for _, m := range headed.FindAllStringSubmatch(page, -1) {
		text := linked.ReplaceAllString(strings.ToLower(m[1]), "]")
		all[strings.ReplaceAll(dropped.ReplaceAllString(text, ""), " ", "-")] = true
	}
	return all
}

// TestDecisions compares the index of the decisions with the headings of their pages.
func TestDecisions(t *testing.T) {
	index, err := os.ReadFile("docs/adr/README.md")
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob("docs/adr/[0-9]*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages of decisions: %v", err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		heading, _, _ := strings.Cut(string(text), "\n")
		number, title, _ := strings.Cut(strings.TrimPrefix(heading, "# "), ": ")
		if row := "| [" + number + "](" + filepath.Base(page) + ") | " + title + " |\n"; !strings.Contains(string(index), row) {
			t.Errorf("docs/adr/README.md has no row %q", row)
		}
	}
}
