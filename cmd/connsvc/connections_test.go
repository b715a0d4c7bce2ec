package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestConnections runs the sessions of "connsvc connections" beside a dev, each in a project
// of its own.
func TestConnections(t *testing.T) {
	dev := startDev(t, "--peering-delay", "0s")
	testscript.Run(t, testscript.Params{Dir: "testdata/connections", Setup: func(env *testscript.Env) error {
		env.Setenv("CONNSVC_ADDRESS", dev.grpc)
		env.Setenv("CONNSVC_PROJECT", strings.TrimPrefix(filepath.Base(env.WorkDir), "script-"))
		return nil
	}})
}

// TestWatchConnection: a watch of a connection ends when it is deleted.
func TestWatchConnection(t *testing.T) {
	dev := startDev(t, "--peering-delay", "0s")
	connections := func(args ...string) []string {
		return append([]string{"connections", "--address", dev.grpc, "--project", "p1"}, args...)
	}
	if status, out := runCommand(t, "", connections("create", "orders", "--vpc", "22094d8f-c310-4621-913d-4c4d655d8495", "--network", "78f2562a-36e4-4b39-95b9-f5aab22e1281")...); status != 0 {
		t.Fatal(out)
	}
	out, ended := newLines(), make(chan int)
	go func() {
		ended <- run(connections("watch", "orders", "-o", "json"), &process{ctx: t.Context(), stdout: out, stderr: out, lookupEnv: os.LookupEnv})
	}()
	out.waitFor(t, `"type":"SYNCED"`)
	if status, out := runCommand(t, "", connections("delete", "orders")...); status != 0 {
		t.Fatal(out)
	}
	if status := <-ended; status != 0 || !strings.Contains(out.String(), `{"type":"DELETED"`) {
		t.Errorf("status %d: %s", status, out)
	}
}

// TestApplyCost: an apply of 50 connections of which none differs is one request to DLI.
func TestApplyCost(t *testing.T) {
	dev := startDev(t, "--peering-delay", "0s")
	var file strings.Builder
	file.WriteString("connections:\n")
	for i := range 50 {
		fmt.Fprintf(&file, "  - {name: c%d, dest_vpc_id: 22094d8f-c310-4621-913d-4c4d655d8495, dest_network_id: 78f2562a-36e4-4b39-95b9-f5aab22e1281, queues: [q%d], hosts: [{name: db, ip: 10.0.0.%d}]}\n", i, i, i)
	}
	apply := func(outcome string) {
		status, out := runCommand(t, file.String(), "connections", "apply", "-f", "-", "--address", dev.grpc, "--project", "p1")
		if n := strings.Count(out, ": "+outcome+"\n"); status != 0 || n != 50 {
			t.Errorf("status %d, %d are %s:\n%s", status, n, outcome, out)
		}
	}
	apply("created")
	before := dev.attempts(t)
	apply("same")
	if n := dev.attempts(t) - before; n != 1 {
		t.Errorf("%d requests to DLI", n)
	}
}

// attempts returns the number of requests to DLI so far.
func (d devRun) attempts(t *testing.T) int {
	t.Helper()
	resp, err := http.Get(d.admin + "/metrics") //nolint:noctx // a server of this test
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, m := range regexp.MustCompile(`(?m)^connsvc_upstream_attempts_total\{.*\} (\d+)$`).FindAllStringSubmatch(string(text), -1) {
		n, _ := strconv.Atoi(m[1])
		sum += n
	}
	return sum
}
