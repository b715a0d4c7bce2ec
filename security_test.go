package connsvc_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	threat = regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$`)
	proof  = regexp.MustCompile("`([\\w/]+)`|\\b((?:Test|Fuzz)\\w+)")
	tested = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
)

// TestSecurityPage looks up each test that docs/security.md names: every threat has one.
func TestSecurityPage(t *testing.T) {
	text, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, threats, _ := strings.Cut(string(text), "\n## Threats\n")
	tests := map[string]map[string]bool{} // by package
	rows := 0
	for _, row := range threat.FindAllStringSubmatch(threats, -1) {
		if row[3] == "Proved by" || row[3] == "---" {
			continue
		}
		rows++
		pkg, named := "", 0
		for _, m := range proof.FindAllStringSubmatch(row[3], -1) {
			if m[1] != "" {
				pkg = m[1]
				continue
			}
			if tests[pkg] == nil {
				tests[pkg] = testsOf(t, pkg)
			}
			if named++; !tests[pkg][m[2]] {
				t.Errorf("%q: %s has no %s", row[1], pkg, m[2])
			}
		}
		if named == 0 {
			t.Errorf("%q: no test is named", row[1])
		}
	}
	if rows == 0 {
		t.Error("there are no threats")
	}
}

func testsOf(t *testing.T, pkg string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(pkg, "*_test.go"))
	if err != nil || len(files) == 0 {
		t.Errorf("%s has no tests: %v", pkg, err)
	}
	all := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tested.FindAllStringSubmatch(string(text), -1) {
			all[m[1]] = true
		}
	}
	return all
}
