// Package connsvc_test checks the repository as a whole.
package connsvc_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const (
	module       = "github.com/connsvc/connsvc/"
	architecture = "docs/architecture.md"
	// maxFiles is the most Go files in a package, tests not counted.
	maxFiles = 15
)

// A pkg is what "go list" reports of a package of this module.
type pkg struct {
	ImportPath              string
	Imports                 []string
	GoFiles, IgnoredGoFiles []string // ignored by the build constraints of this platform
}

// TestLayers checks the imports against the table of docs/architecture.md: a
// package may import what stands in a lower layer, or in its own row.
func TestLayers(t *testing.T) {
	rows := layers(t)
	used := map[string]bool{}
	for path, p := range packages(t) {
		from, ok := rowOf(rows, path)
		if !ok {
			t.Errorf("%s has no layer: add a row for it to %s", path, architecture)
			continue
		}
		used[from.path] = true
		for _, imported := range p.Imports {
			path2, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			if to, ok := rowOf(rows, path2); ok && to.layer <= from.layer && to != from {
				t.Errorf("%s imports %s, which is not in a lower layer", path, path2)
			}
		}
	}
	for _, r := range rows {
		if !used[r.path] {
			t.Errorf("%s has a row for %s, which does not exist", architecture, r.path)
		}
	}
}

// TestPicture checks the picture beside that table: an arrow is an import.
func TestPicture(t *testing.T) {
	all := packages(t)
	paths := map[string]string{} // by the name of the node
	for _, m := range regexp.MustCompile(`(\w+)\["?([\w/]+)`).FindAllStringSubmatch(picture(t), -1) {
		paths[m[1]] = m[2]
		if _, ok := all[m[2]]; !ok {
			t.Errorf("the picture shows %s, which does not exist", m[2])
		}
	}
	arrows := regexp.MustCompile(`(?m)^\s*(\w+).* --> (\w+)`).FindAllStringSubmatch(picture(t), -1)
	if len(arrows) == 0 {
		t.Fatal("the picture has no arrows")
	}
	for _, m := range arrows {
		from, to := paths[m[1]], paths[m[2]]
		if !slices.Contains(all[from].Imports, module+to) {
			t.Errorf("the picture has an arrow from %s to %s, but %q does not import %q", m[1], m[2], from, to)
		}
	}
}

// TestPackageSize keeps packages small enough to survey.
func TestPackageSize(t *testing.T) {
	for path, p := range packages(t) {
		files := slices.DeleteFunc(slices.Concat(p.GoFiles, p.IgnoredGoFiles), func(name string) bool {
			return strings.HasSuffix(name, "_test.go")
		})
		if len(files) > maxFiles {
			t.Errorf("%s has %d files, more than %d: split it by purpose", path, len(files), maxFiles)
		}
	}
}

// packages returns the packages of this module and of gen/go by their path in the repository.
func packages(t *testing.T) map[string]pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles,IgnoredGoFiles", "./...", module+"gen/go/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", cmd, err)
	}
	all := map[string]pkg{}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		switch err := d.Decode(&p); {
		case errors.Is(err, io.EOF):
			return all
		case err != nil:
			t.Fatalf("%v: %v", cmd, err)
		}
		if path, ok := strings.CutPrefix(p.ImportPath, module); ok { // not the root, which has tests only
			all[path] = p
		}
	}
}

// A row of the table; a path with a final slash covers all packages below it.
type row struct {
	layer int // 0 is the highest
	path  string
}

func rowOf(rows []row, path string) (row, bool) {
	i := slices.IndexFunc(rows, func(r row) bool {
		return r.path == path || strings.HasSuffix(r.path, "/") && strings.HasPrefix(path, r.path)
	})
	if i < 0 {
		return row{}, false
	}
	return rows[i], true
}

// layers reads the table. A layer is a run of rows with one name.
func layers(t *testing.T) []row {
	t.Helper()
	var rows []row
	names := []string{}
	for _, m := range regexp.MustCompile("(?m)^\\| ([\\w ]+) \\| `([\\w/]+)` \\|").FindAllStringSubmatch(section(t), -1) {
		if len(names) == 0 || names[len(names)-1] != m[1] {
			if slices.Contains(names, m[1]) {
				t.Fatalf("the rows of the layer %q do not follow each other", m[1])
			}
			names = append(names, m[1])
		}
		rows = append(rows, row{len(names) - 1, m[2]})
	}
	if len(rows) == 0 {
		t.Fatalf("%s has no table of layers", architecture)
	}
	return rows
}

func picture(t *testing.T) string {
	t.Helper()
	m := regexp.MustCompile("(?s)```mermaid\n(.*?)```").FindStringSubmatch(section(t))
	if m == nil {
		t.Fatalf("%s has no picture of layers", architecture)
	}
	return m[1]
}

// section returns the text below the heading Layers.
func section(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(architecture)
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), "\n## Layers\n")
	within, _, _ := strings.Cut(after, "\n## ")
	return within
}
