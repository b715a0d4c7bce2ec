package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// compareShown compares without line breaks, IDs and times. "..." stands for what the page
// leaves out.
func compareShown(t *testing.T, c shown, printed string) {
	t.Helper()
	rest := varying.ReplaceAllString(strings.ReplaceAll(printed, "\n", ""), "*")
	for part := range strings.SplitSeq(strings.ReplaceAll(varying.ReplaceAllString(c.output, "*"), "\n", ""), "...") {
		part = strings.TrimSpace(part)
		_, after, found := strings.Cut(rest, part)
		if !found {
			t.Errorf("%s\nprints   %s\nbut not  %s", c.line, printed, part)
			return
		}
		rest = after
	}
}

// TestTasksExist looks for each `make TASK` of the documents in the makefiles.
func TestTasksExist(t *testing.T) {
	tasks := map[string]bool{}
	for _, pattern := range []string{"Makefile", "*/*.mk"} {
		for _, text := range readAll(t, pattern) {
			for _, m := range regexp.MustCompile(`(?m)^([a-z_-]+):`).FindAllStringSubmatch(text, -1) {
				tasks[m[1]] = true
			}
		}
	}
	for _, text := range readAll(t, "Makefile") {
		for _, m := range regexp.MustCompile(`(?m)^TOOL_(\S+) :=`).FindAllStringSubmatch(text, -1) {
			tasks[".bin/"+m[1]] = true
		}
	}
	mention := regexp.MustCompile("`make ([a-z_./-]+)")
	named := 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/adr/*.md", "deploy/helm/connsvc/*.md"} {
		for path, text := range readAll(t, pattern) {
			for _, m := range mention.FindAllStringSubmatch(text, -1) {
				if named++; !tasks[m[1]] {
					t.Errorf("%s names `make %s`, which does not exist", path, m[1])
				}
			}
		}
	}
	if named == 0 || len(tasks) == 0 {
		t.Errorf("%d mentions, %d tasks", named, len(tasks))
	}
}

// readAll returns the files of a pattern below the root, by their paths.
func readAll(t *testing.T, pattern string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, pattern))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(text)
	}
	return files
}
