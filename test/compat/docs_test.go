package compat_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// docs/compatibility.md names the tests that prove its claims: they exist, and it names
// every test of this module.
func TestDocumentNamesItsProofs(t *testing.T) {
	root := filepath.Join("..", "..")
	text, err := os.ReadFile(filepath.Join(root, "docs", "compatibility.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bTest\w+`).FindAllString(string(text), -1) {
		named[name] = true
	}
	here := testsIn(t, "*_test.go")
	elsewhere := testsIn(t, filepath.Join(root, "test", "contract", "*_test.go"))
	maps.Copy(elsewhere, testsIn(t, filepath.Join(root, "internal", "*", "*_test.go")))
	for name := range named {
		if !here[name] && !elsewhere[name] {
			t.Errorf("the document names %s, which does not exist", name)
		}
	}
	maps.DeleteFunc(named, func(name string, _ bool) bool { return !here[name] })
	if diff := cmp.Diff(here, named); diff != "" {
		t.Errorf("tests of this module (-there +named):\n%s", diff)
	}

	cases := regexp.MustCompile("`(\\w+\\.yaml): ([^`]+)`").FindAllStringSubmatch(string(text), -1)
	if len(cases) == 0 {
		t.Error("the document names no case of the contract suite")
	}
	for _, c := range cases {
		file, err := os.ReadFile(filepath.Join(root, "test", "contract", "testdata", "cases", c[1]))
		if err != nil {
			t.Errorf("the document names a case of %s: %v", c[1], err)
		} else if !strings.Contains(string(file), "name: "+c[2]+"\n") {
			t.Errorf("the document names case %q of %s, which does not exist", c[2], c[1])
		}
	}
}

// testsIn returns the names of the tests in the files that match.
func testsIn(t *testing.T, pattern string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no files match %s: %v", pattern, err)
	}
	names := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllStringSubmatch(string(text), -1) {
			names[match[1]] = true
		}
	}
	return names
}
