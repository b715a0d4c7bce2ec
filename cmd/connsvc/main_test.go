package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"github.com/connsvc/connsvc/internal/cli"
)

func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "curl" { // of a shell on a machine without it
		curl()
		return
	}
	testscript.Main(m, map[string]func(){"connsvc": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}

// TestStop starts dev, stops it, and finds nothing left running.
func TestStop(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, cancel := context.WithCancel(t.Context())
	out := newLines()
	status := make(chan int)
	go func() {
		status <- run([]string{"dev", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--emulator", "127.0.0.1:0"},
			&process{ctx: ctx, stdout: out, stderr: out, lookupEnv: os.LookupEnv})
	}()
	out.waitFor(t, "Ctrl-C stops it.")
	cancel()
	if got := <-status; got != 0 {
		t.Errorf("exit status %d, want 0; output:\n%s", got, out)
	}
	for _, want := range []string{`"level":"INFO","msg":"stopping","calls_in_flight":0,`, `"level":"INFO","msg":"stopped","after":"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
}

// TestAllowPlaintext has dev listen beyond loopback, and print where it can be called.
func TestAllowPlaintext(t *testing.T) {
	dev := startDev(t, "--allow-plaintext", "--rest", "0.0.0.0:0")
	if !strings.HasPrefix(dev.rest, "http://127.0.0.1:") {
		t.Errorf("it prints %s", dev.rest)
	}
}

func TestExitStatus(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("gprc: {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	noCertificate := filepath.Join(t.TempDir(), "connsvc.yaml")
	if err := os.WriteFile(noCertificate, []byte(`{ grpc: { address: "127.0.0.1:0", tls: { cert_file: no.crt, key_file: no.key } },
upstreams: [{ endpoint: "https://dli.example.com", pass_through: {} }] }`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		want int
	}{
		{[]string{"version"}, 0},
		{[]string{"--help"}, 0},
		{[]string{"no-such-command"}, 64},
		{[]string{"serve"}, 64},
		{[]string{"serve", "--config", bad}, 78},
		{[]string{"serve", "--config", noCertificate}, 78},
		{[]string{"config", "check", bad}, 78},
		{[]string{"config", "print", bad}, 78},
		{[]string{"config", "schema"}, 0},
		{[]string{"dev", "--emulator", "nowhere"}, 64},
		{[]string{"dev", "--rest", "foo"}, 64},
		{[]string{"dev", "--rest", "0.0.0.0:0"}, 64},
		{[]string{"dev", "--grpc", ":0"}, 64},
		{[]string{"dev", "--rest", "127.0.0.1:99999"}, 64},
		{[]string{"dev", "--faults", "missing"}, 78},
		{[]string{"dev", "--faults", bad}, 78},
		{[]string{"dev", "--network", "missing"}, 78},
		{[]string{"emulator", "--faults", "missing"}, 78},
		{[]string{"emulator", "--address", "127.0.0.1:99999"}, 64},
		{[]string{"serve", "--config", "missing"}, 78},
		{[]string{"policy", "test", "missing"}, 78},
		{[]string{"dev", "--emulator", "192.0.2.1:1", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0"}, 1},
		{[]string{}, 64},
		{[]string{"help"}, 0},
		{[]string{"--version"}, 0},
		{[]string{"healthcheck", "--admin", "127.0.0.1:1"}, 1},
		{[]string{"healthcheck", "--ca-file", bad}, 78},
		{[]string{"healthcheck", "--ca-file", "missing"}, 78},
		{[]string{"healthcheck", "--cert-file", bad, "--key-file", bad}, 64},
		{[]string{"healthcheck", "--cert-file", bad}, 64},
		{[]string{"connections", "--ca-file", "missing", "--project", "p1", "list"}, 78},
		{[]string{"call", "NoSuchMethod"}, 64},
		{[]string{"call", "ListPrivileges", "{"}, 64},
		{[]string{"call", "ListPrivileges", "--address", "127.0.0.1:1"}, 1},
	} {
		t.Run(strings.Join(tt.args, " "), func(t *testing.T) {
			out := newLines()
			got := run(tt.args, &process{ctx: t.Context(), stdout: out, stderr: out, lookupEnv: os.LookupEnv, hangups: noHangups})
			if got != tt.want {
				t.Errorf("exit status %d, want %d; output:\n%s", got, tt.want, out)
			}
		})
	}
}

// TestDocumentedStatuses compares the exit statuses in the documents with the program's.
func TestDocumentedStatuses(t *testing.T) {
	read := func(page string) string {
		text, err := os.ReadFile(filepath.Join(root, page))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), "\n", " ")
	}
	help := strings.ReplaceAll(exitHelp+" "+cli.ExitHelp, "\n", " ")
	for _, tt := range []struct {
		where, text, pattern string
		want                 int
	}{
		{"--help", help, `(\d+) failure`, exitFailure},
		{"--help", help, `(\d+) wrong command line`, cli.ExitUsage},
		{"--help", help, `(\d+) wrong configuration`, cli.ExitConfig},
		{"--help", help, `(\d+) diff found a difference`, cli.ExitDifferent},
		{"--help", help, `(\d+) wait or test did not reach`, cli.ExitNotReached},
		{"configuration.md", read("docs/configuration.md"), `exits with status (\d+)`, cli.ExitConfig},
		{"configuration.md", read("docs/configuration.md"), `[Ss]tatus (\d+) is a wrong command line`, cli.ExitUsage},
		{"configuration.md", read("docs/configuration.md"), `(\d+) any other failure`, exitFailure},
		{"deploy.md", read("docs/deploy.md"), `configuration ends the service with status (\d+)`, cli.ExitConfig},
		{"connsvc.service", read("deploy/systemd/connsvc.service"), `configuration \(exit status (\d+)\)`, cli.ExitConfig},
		{"cli.md", read("docs/cli.md"), `\| (\d+) \| success`, 0},
		{"cli.md", read("docs/cli.md"), `\| (\d+) \| a call failed`, exitFailure},
		{"cli.md", read("docs/cli.md"), "\\| (\\d+) \\| `diff` found a difference", cli.ExitDifferent},
		{"cli.md", read("docs/cli.md"), "\\| (\\d+) \\| `wait` did not end", cli.ExitNotReached},
		{"cli.md", read("docs/cli.md"), `\| (\d+) \| wrong command line`, cli.ExitUsage},
		{"cli.md", read("docs/cli.md"), `\| (\d+) \| wrong file`, cli.ExitConfig},
	} {
		found := regexp.MustCompile(tt.pattern).FindAllStringSubmatch(tt.text, -1)
		if len(found) == 0 {
			t.Errorf("%s: no %s", tt.where, tt.pattern)
		}
		for _, m := range found {
			if m[1] != strconv.Itoa(tt.want) {
				t.Errorf("%s: %q, but the status is %d", tt.where, m[0], tt.want)
			}
		}
	}
}

// TestUsageErrors: an error names the help of its command.
func TestUsageErrors(t *testing.T) {
	for line, want := range map[string]string{
		"srve":                           `Run "connsvc --help" for the commands.`,
		"serve":                          `Run "connsvc serve --help" for its usage.`,
		"serve --confg x":                `Run "connsvc serve --help" for its usage.`,
		"config check":                   `Run "connsvc config check --help" for its usage.`,
		"connections hosts import a":     `Run "connsvc connections hosts import --help" for its usage.`,
		"connections hosts imprt":        `Run "connsvc connections hosts --help" for its usage.`,
		"connections --project p1 lst -": `Run "connsvc connections --help" for its usage.`,
	} {
		if status, out := runCommand(t, "", strings.Fields(line)...); status != cli.ExitUsage || !strings.HasSuffix(out, "\n"+want+"\n") {
			t.Errorf("%s: status %d\n%s", line, status, out)
		}
	}
}

func noHangups() (<-chan os.Signal, func()) { return nil, func() {} }
