package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

var (
	codeBlock = regexp.MustCompile("(?sm)^```(\\w*)\n(.*?)^```$")
	toolLine  = regexp.MustCompile(`^(\.bin/\w+|[a-z-]+) `)
	varying   = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{10}|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]*`)
	repoPath  = regexp.MustCompile(`(?:proto|deploy|templates|examples)/[\w./*-]+`)
)

// external are tools that a machine may not have, or that need a cluster.
var external = []string{"kubectl", "helm", "pip", "python", "protoc", "docker", "systemd-analyze", "systemctl"}

// A shown is a command that a page prints, and the output it shows.
type shown struct{ line, output string }

// commandsOf returns the commands of a page: those after "$ " with what they print, and the
// others.
func commandsOf(text string) (run []shown, others []string) {
	for _, block := range codeBlock.FindAllStringSubmatch(text, -1) {
		switch block[1] {
		case "console":
		case "sh", "":
			for line := range strings.Lines(strings.ReplaceAll(block[2], "\\\n", "")) {
				others = append(others, strings.TrimSpace(line))
			}
			continue
		default:
			continue // no commands
		}
		open := false // within quotes
		for line := range strings.Lines(block[2]) {
			printed, starts := strings.CutPrefix(line, "$ ")
			switch n := len(run); {
			case starts:
				run = append(run, shown{line: printed})
			case open:
				run[n-1].line += line
			case n > 0:
				run[n-1].output += line
			}
			open = len(run) > 0 && strings.Count(run[len(run)-1].line, "'")%2 == 1
		}
	}
	return run, others
}

// TestDocs runs the commands of the README and of docs in bash, beside a dev and an
// emulator, and compares what is printed with what the page shows. Commands for tools that
// need a cluster or another language are checked for the paths they name.
func TestDocs(t *testing.T) {
	pages := []string{root + "/README.md"}
	more, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, more...) {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			run, others := commandsOf(string(text))
			if len(run) > 0 {
				newShell(t).runAll(run)
			}
			for _, line := range others {
				checkTool(t, line)
			}
		})
	}
}

// A shell runs the commands of a page.
type shell struct {
	t         *testing.T
	dir       string
	addresses *strings.Replacer
	emulator  string // one that accepts every caller
	grpc      string // of dev, for connsvc call and connections
	variables string
}

func newShell(t *testing.T) *shell {
	t.Helper()
	dev := startDev(t)
	s := &shell{t: t, dir: t.TempDir(), emulator: startEmulator(t), grpc: dev.grpc}
	s.addresses = strings.NewReplacer("http://127.0.0.1:8080", dev.rest, "127.0.0.1:9090", dev.grpc,
		"http://127.0.0.1:9091", dev.admin, "http://127.0.0.1:8090", dev.emulator)
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := []string{"connsvc"} // TestMain runs what it is called by
	if _, err := exec.LookPath("curl"); err != nil {
		programs = append(programs, "curl")
	}
	for _, name := range programs {
		if err := os.Symlink(test, filepath.Join(s.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *shell) runAll(commands []shown) {
	ran := 0
	for _, c := range commands {
		line := strings.TrimSpace(c.line)
		if name, ok := strings.CutPrefix(line, "cat "); ok {
			if err := os.WriteFile(filepath.Join(s.dir, name), []byte(c.output), 0o600); err != nil {
				s.t.Fatal(err)
			}
		}
		if strings.HasPrefix(line, "go run ./cmd/connsvc dev") || strings.HasPrefix(line, "go test ./...") {
			continue // this test is both
		}
		if slices.Contains(external, strings.Fields(line)[0]) {
			checkTool(s.t, line)
			ran++
			continue
		}
		if regexp.MustCompile(`^(export )?[A-Z_]+=\S+$`).MatchString(line) {
			s.variables += s.addresses.Replace(line) + "\n"
			continue
		}
		output := s.run(line)
		s.t.Logf("$ %s", line)
		compareShown(s.t, c, output)
		ran++
	}
	if ran == 0 {
		s.t.Error("no command ran or was checked")
	}
}

func (s *shell) run(line string) string {
	if strings.HasSuffix(line, "# connsvc emulator") {
		line = strings.ReplaceAll(line, "http://127.0.0.1:8090", s.emulator)
	}
	dir := s.dir
	if strings.HasPrefix(line, "go run ") {
		dir = root
		line = strings.Replace(line, "./examples/go", "./examples/go -address 127.0.0.1:9090", 1)
		line = strings.Replace(line, "go run ./cmd/connsvc call", "connsvc call", 1)
	}
	bash := exec.CommandContext(s.t.Context(), "bash", "-c", s.variables+s.addresses.Replace(line))
	bash.Dir, bash.Env = dir, append(os.Environ(), "PATH="+s.dir+":"+os.Getenv("PATH"), "CONNSVC_ADDRESS="+s.grpc)
	output, err := bash.CombinedOutput()
	if err != nil {
		s.t.Errorf("%s: %v\n%s", line, err, output)
	}
	return string(output)
}

// checkTool checks a command that is not run: that its tool is known, and the paths and
// the configuration it names exist.
func checkTool(t *testing.T, line string) {
	t.Helper()
	m := toolLine.FindStringSubmatch(line)
	if m == nil {
		return
	}
	known := append([]string{"go", "connsvc", "export"}, external...)
	name, built := strings.CutPrefix(m[1], ".bin/")
	if !built && !slices.Contains(known, name) {
		return // a table
	}
	t.Logf("checked: %s", line)
	if built {
		makefile, err := os.ReadFile(root + "/Makefile")
		if err != nil || !strings.Contains(string(makefile), "\nTOOL_"+name+" := ") {
			t.Errorf("the Makefile does not build %s", m[1])
		}
	}
	for _, path := range repoPath.FindAllString(line, -1) {
		found, _ := filepath.Glob(filepath.Join(root, path))
		inChart, _ := filepath.Glob(filepath.Join(root, "deploy/helm/connsvc", path))
		if len(found)+len(inChart) == 0 {
			t.Errorf("%s: %s does not exist", line, path)
		}
	}
	if name == "docker" {
		checkImage(t, line)
	}
	if words := strings.Fields(line); name == "go" && words[1] == "run" {
		words[len(words)-1] = t.TempDir() // where it writes
		tool := exec.CommandContext(t.Context(), "go", words[1:]...)
		tool.Dir = root
		if output, err := tool.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", line, err, output)
		}
	}
	if name == "connsvc" {
		words := strings.Fields(line)
		if status, out := runCommand(t, "", append(words[1:], "--help")...); status != 0 {
			t.Errorf("%s: status %d\n%s", line, status, out)
		}
	}
}

var image = regexp.MustCompile(`ghcr\.io/connsvc/connsvc:(\S+)(.*)`)

// checkImage checks the version of the image in a command of docker, and starts a dev as in it.
func checkImage(t *testing.T, line string) {
	t.Helper()
	m := image.FindStringSubmatch(line)
	if m == nil {
		return
	}
	for file, version := range map[string]string{
		"deploy/compose/compose.yaml": ":-" + m[1] + "}", "deploy/helm/connsvc/Chart.yaml": `appVersion: "` + m[1] + `"`,
	} {
		text, err := os.ReadFile(filepath.Join(root, file))
		if err != nil || !strings.Contains(string(text), version) {
			t.Errorf("%s: %s has no %s (%v)", line, file, version, err)
		}
	}
	if args := strings.Fields(regexp.MustCompile(`:\d+\b`).ReplaceAllString(m[2], ":0")); len(args) > 0 && args[0] == "dev" {
		startDev(t, args[1:]...)
	}
}

// TestSecretsAreWritten looks for each secret of deploy/ in the commands of docs/deploy.md.
func TestSecretsAreWritten(t *testing.T) {
	page, err := os.ReadFile(root + "/docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, commands := commandsOf(string(page))
	for file, pattern := range map[string]string{
		"systemd/connsvc.service": `(?m)^LoadCredential=\w+:(\S+)$`, "compose/compose.yaml": `\{file: \./(\S+)\}`,
	} {
		text, err := os.ReadFile(root + "/deploy/" + file)
		if err != nil {
			t.Fatal(err)
		}
		secrets := regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)
		if len(secrets) != 2 {
			t.Errorf("%s has %d secrets", file, len(secrets))
		}
		for _, m := range secrets {
			written := func(line string) bool { return strings.HasPrefix(line, "printf ") && strings.HasSuffix(line, " "+m[1]) }
			if !slices.ContainsFunc(commands, written) {
				t.Errorf("no command of docs/deploy.md writes %s of %s", m[1], file)
			}
		}
	}
}

// TestDevPrints runs the commands that dev prints.
func TestDevPrints(t *testing.T) {
	s := newShell(t)
	var printed []shown
	for line := range strings.Lines(startDev(t).output) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "curl ") || strings.HasPrefix(line, "connsvc call ") {
			printed = append(printed, shown{line: line})
		}
	}
	if len(printed) != 2 {
		t.Errorf("it prints %v", printed)
	}
	for _, c := range printed {
		if output := s.run(c.line); !strings.Contains(strings.ReplaceAll(output, " ", ""), `"is_success":true`) {
			t.Errorf("%s\nprints %s", c.line, output)
		}
		t.Logf("$ %s", c.line)
	}
}

func startEmulator(t *testing.T) (url string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := newLines(), make(chan int)
	go func() {
		ended <- run([]string{"emulator", "--address", "127.0.0.1:0"}, &process{ctx: ctx, stdout: out, stderr: out, lookupEnv: os.LookupEnv})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	out.waitFor(t, "\n")
	return regexp.MustCompile(`http://\S+`).FindString(out.String())
}

// curl is as much of curl as the pages use, for machines without it. Like curl it writes
// what it receives at once with -N only.
func curl() {
	buffer := bufio.NewWriter(os.Stdout)
	out := io.Writer(struct{ io.Writer }{buffer}) // its ReadFrom would not buffer
	method, url, header, body := "", "", http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, io.Reader(nil)
	for args := os.Args[1:]; len(args) > 0; args = args[1:] {
		switch flag := args[0]; flag {
		case "-s":
		case "-sN":
			out = os.Stdout
		case "-X", "-H", "-d":
			args = args[1:]
			switch value := args[0]; {
			case flag == "-X":
				method = value
			case flag == "-H":
				name, text, _ := strings.Cut(value, ": ")
				header.Set(name, text)
			case value == "@-":
				body = os.Stdin
			case strings.HasPrefix(value, "@"):
				text, err := os.ReadFile(value[1:])
				exitOn(err)
				body = bytes.NewReader(text)
			default:
				body = strings.NewReader(value)
			}
		default:
			url = flag
		}
	}
	if method == "" && body != nil {
		method = http.MethodPost
	}
	req, err := http.NewRequest(method, url, body) //nolint:noctx // as curl does
	exitOn(err)
	req.Header = header
	client := http.Client{}
	resp, err := client.Do(req)
	exitOn(err)
	_, err = io.Copy(out, resp.Body)
	exitOn(err)
	exitOn(buffer.Flush())
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "curl:", err)
		os.Exit(1)
	}
}
