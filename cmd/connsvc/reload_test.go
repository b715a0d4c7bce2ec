package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// A served is a serve command whose configuration file changes.
type served struct {
	t       *testing.T
	path    string
	hangups chan os.Signal
	log     *lines
}

func (s served) write(text string) {
	s.t.Helper()
	if err := os.WriteFile(s.path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// reload has the file read again and waits for the log to tell of it.
func (s served) reload(text, wantLog string) {
	s.t.Helper()
	s.write(text)
	s.hangups <- syscall.SIGHUP
	s.log.waitFor(s.t, wantLog)
}

// address returns where a port listens, from the log.
func (s served) address(port string) string {
	s.t.Helper()
	s.log.waitFor(s.t, `"msg":"listening"`)
	for line := range strings.Lines(s.log.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			s.t.Fatal(err)
		}
		if entry["msg"] == "listening" {
			return fmt.Sprint(entry[port])
		}
	}
	return ""
}

func (s served) get(port, path string) (int, string) {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + s.address(port) + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// wantMetrics wants lines in the answer of /metrics.
func (s served) wantMetrics(want ...string) {
	s.t.Helper()
	_, metrics := s.get("admin", "/metrics")
	for _, line := range want {
		if !strings.Contains(metrics, "\n"+line+"\n") {
			s.t.Errorf("no line %q in the metrics", line)
		}
	}
}

// TestReload changes the file of a running serve: a project is served that was
// not, a bad file changes nothing, and nothing is left running at the end.
func TestReload(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	const ports = `{ grpc: { address: "127.0.0.1:0" }, rest: { address: "127.0.0.1:0" }, admin: { address: "127.0.0.1:0" },
reload: { disable_watch: true }, log: { level: %s },
upstreams: [{ endpoint: "http://127.0.0.1:1", projects: [%s], token: { env: TOKEN } }] }
`
	s := served{t, filepath.Join(t.TempDir(), "connsvc.yaml"), make(chan os.Signal, 1), newLines()}
	s.write(fmt.Sprintf(ports, "INFO", "p1"))
	environment := map[string]string{"TOKEN": "a-token"}
	ctx, cancel := context.WithCancel(t.Context())
	status := make(chan int)
	go func() {
		status <- run([]string{"serve", "--config", s.path}, &process{
			ctx: ctx, stdout: s.log, stderr: s.log,
			lookupEnv: func(name string) (string, bool) { value, ok := environment[name]; return value, ok },
			hangups:   func() (<-chan os.Signal, func()) { return s.hangups, func() {} },
		})
	}()
	const path = "/v2.0/p2/datasource/enhanced-connections"
	if code, body := s.get("rest", path); code != http.StatusBadRequest || !strings.Contains(body, "PROJECT_NOT_CONFIGURED") {
		t.Errorf("before: %d %s", code, body)
	}
	s.wantMetrics(`connsvc_config_reloads_total{result="applied"} 0`, `connsvc_config_reloads_total{result="refused"} 0`,
		`connsvc_config_reloads_total{result="unchanged"} 0`)

	s.reload(fmt.Sprintf(ports, "DEBUG", "p1, p2"), `"changed":["upstreams","log.level"],"details":["upstream 127.0.0.1: projects","log.level: INFO to DEBUG"]`)
	if want := `"upstreams":["127.0.0.1 (token)"]`; !strings.Contains(s.log.String(), want) {
		t.Errorf("no %s in the log", want)
	}
	if code, body := s.get("rest", path); code != http.StatusServiceUnavailable {
		t.Errorf("after: %d %s, want an upstream that is not there", code, body)
	}
	s.reload(fmt.Sprintf(ports, "DEBUG", "p1, p2")+"# nothing\n", "nothing changed")
	s.reload("gprc: {}\n", `"problems":["`+s.path+`:1:1: unknown key \"gprc\": did you mean \"grpc\"?`)
	s.reload(strings.ReplaceAll(fmt.Sprintf(ports, "INFO", "p2"), "TOKEN", "NO_TOKEN"), "environment variable NO_TOKEN is not set")
	if code, body := s.get("rest", path); code != http.StatusServiceUnavailable {
		t.Errorf("after two files that are not usable: %d %s", code, body)
	}
	s.wantMetrics(`connsvc_config_reloads_total{result="applied"} 1`, `connsvc_config_reloads_total{result="refused"} 2`,
		`connsvc_config_reloads_total{result="unchanged"} 1`)
	cancel()
	if got := <-status; got != 0 {
		t.Errorf("exit status %d; log:\n%s", got, s.log)
	}
}

// TestHangups takes a SIGHUP that would end the process.
func TestHangups(t *testing.T) {
	c, forget := hangups()
	defer forget()
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if err := self.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	if got := <-c; got != syscall.SIGHUP {
		t.Errorf("%v came", got)
	}
}
