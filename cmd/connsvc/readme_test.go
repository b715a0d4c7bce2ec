package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

var (
	consoleBlock = regexp.MustCompile("(?s)```console\n(.*?)```")
	curlForm     = regexp.MustCompile(`^curl -s http://127\.0\.0\.1:8080(\S+) -d '(.*)'$`)
	varying      = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{10}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*`)
)

// A command is one that README.md prints, and the output it shows.
type command struct{ line, shown string }

func readmeCommands(t *testing.T) []command {
	t.Helper()
	text, err := os.ReadFile(root + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var commands []command
	for _, block := range consoleBlock.FindAllStringSubmatch(string(text), -1) {
		for line := range strings.Lines(block[1]) {
			if printed, ok := strings.CutPrefix(line, "$ "); ok {
				printed, _, _ = strings.Cut(printed, "  #")
				commands = append(commands, command{line: strings.TrimSpace(printed)})
			} else if n := len(commands); n > 0 {
				commands[n-1].shown += line
			}
		}
	}
	return commands
}

// TestReadme runs each command of README.md against a running dev, and compares what is
// printed with what the page shows.
func TestReadme(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := newLines(), make(chan int)
	go func() {
		ended <- run([]string{"dev", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--emulator", "127.0.0.1:0"},
			&process{ctx: ctx, stdout: out, stderr: io.Discard, lookupEnv: os.LookupEnv})
	}()
	defer func() { cancel(); <-ended }()
	out.waitFor(t, "Ctrl-C stops it.")
	addresses := regexp.MustCompile(`gRPC +(\S+)\n +REST +(\S+)\n`).FindStringSubmatch(out.String())
	ran := 0
	for _, c := range readmeCommands(t) {
		var printed string
		switch curl := curlForm.FindStringSubmatch(c.line); {
		case c.line == "go run ./cmd/connsvc dev", c.line == "go test ./...":
			continue // this test is both
		case curl != nil:
			printed = post(t, addresses[2]+curl[1], curl[2])
		case c.line == "go run ./examples/go":
			example := exec.Command("go", "run", "./examples/go", "-address", addresses[1])
			example.Dir = root
			output, err := example.CombinedOutput()
			if err != nil {
				t.Errorf("%s: %v\n%s", c.line, err, output)
			}
			printed = string(output)
		default:
			t.Errorf("this test cannot run %q", c.line)
		}
		compareShown(t, c, printed)
		ran++
	}
	if ran < 3 {
		t.Errorf("%d commands ran", ran)
	}
}

func post(t *testing.T, url, body string) string {
	t.Helper()
	resp, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader(body)) //nolint:gosec,noctx // as curl does, to a server of this test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// compareShown compares without line breaks, IDs and times. "..." stands for what the page
// leaves out.
func compareShown(t *testing.T, c command, printed string) {
	t.Helper()
	rest := varying.ReplaceAllString(strings.ReplaceAll(printed, "\n", ""), "*")
	for part := range strings.SplitSeq(strings.ReplaceAll(varying.ReplaceAllString(c.shown, "*"), "\n", ""), "...") {
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
	mention := regexp.MustCompile("`make ([a-z_-]+)")
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
