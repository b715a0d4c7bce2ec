package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/cli"
)

// A devRun is a running dev command.
type devRun struct {
	output                      string // the greeting
	grpc, rest, admin, emulator string // where it listens
}

// startDev runs dev on free ports until the test ends.
func startDev(t *testing.T, args ...string) devRun {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, ended := newLines(), make(chan int)
	args = append([]string{"dev", "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--emulator", "127.0.0.1:0"}, args...)
	go func() {
		ended <- run(args, &process{ctx: ctx, name: "connsvc", stdout: out, stderr: io.Discard, lookupEnv: os.LookupEnv})
	}()
	t.Cleanup(func() { cancel(); <-ended })
	out.waitFor(t, "Ctrl-C stops it.")
	m := regexp.MustCompile(`gRPC +(\S+)\n +REST +(\S+)\n +admin +(\S+)\n +emulator +(\S+)\n`).FindStringSubmatch(out.String())
	return devRun{output: out.String(), grpc: m[1], rest: m[2], admin: m[3], emulator: m[4]}
}

// runCommand runs a command of connsvc with a standard input, and returns its status and output.
func runCommand(t *testing.T, stdin string, args ...string) (status int, output string) {
	t.Helper()
	out := newLines()
	status = run(args, &process{
		ctx: t.Context(), name: "connsvc", stdin: strings.NewReader(stdin), stdout: out, stderr: out, lookupEnv: os.LookupEnv, hangups: noHangups,
	})
	return status, out.String()
}

func TestCall(t *testing.T) {
	dev := startDev(t)
	call := func(stdin string, args ...string) (int, string) {
		return runCommand(t, stdin, append([]string{"call", "--address", dev.grpc}, args...)...)
	}
	if status, out := call(`{"project_id":"p1","name":"c","dest_vpc_id":"22094d8f-c310-4621-913d-4c4d655d8495","dest_network_id":"78f2562a-36e4-4b39-95b9-f5aab22e1281"}`,
		"CreateEnhancedConnection", "-"); status != 0 || !strings.Contains(out, `"is_success": true`) {
		t.Errorf("create: status %d\n%s", status, out)
	}
	if status, out := call("", "connsvc.v1.ConnectionService/ListEnhancedConnections", `{"project_id":"p1"}`); status != 0 || !strings.Contains(out, `"count": 1`) {
		t.Errorf("list: status %d\n%s", status, out)
	}
	status, out := call("", "GetEnhancedConnection", `{"project_id":"p1","connection_id":"x"}`)
	if status != exitFailure {
		t.Errorf("get: status %d", status)
	}
	for _, want := range []string{"InvalidArgument: ", "\n  reason: VALIDATION_FAILED\n", "\n  field connection_id: ", "\n  request ID: ", "docs/errors.md#"} {
		if !strings.Contains(out, want) {
			t.Errorf("get: no %q in\n%s", want, out)
		}
	}
}

// A watched is a service whose watch sends two events, and ends with an error or not at all.
type watched struct {
	connsvcv1.UnimplementedConnectionServiceServer
	err error
}

func (s watched) WatchEnhancedConnections(_ *connsvcv1.WatchEnhancedConnectionsRequest, stream grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	for _, token := range []string{"a", "b"} {
		if err := stream.Send(&connsvcv1.WatchEnhancedConnectionsResponse{ResumeToken: token}); err != nil {
			return err
		}
	}
	if s.err == nil {
		<-stream.Context().Done()
	}
	return s.err
}

func TestCallOfAStream(t *testing.T) {
	for name, tt := range map[string]struct {
		err        error
		wantStatus int
		want       string // at the end of the output
	}{
		"ends by Ctrl-C":   {nil, 0, "\"b\"\n}\n"},
		"ends by an error": {apierror.New(connsvcv1.ErrorReason_OVERLOADED, "", nil).GRPCStatus().Err(), exitFailure, "#overloaded\n"},
	} {
		t.Run(name, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			server := grpc.NewServer()
			connsvcv1.RegisterConnectionServiceServer(server, watched{err: tt.err})
			go func() { _ = server.Serve(listener) }()
			t.Cleanup(server.Stop)
			ctx, cancel := context.WithCancel(t.Context())
			out, ended := newLines(), make(chan int)
			go func() {
				ended <- run([]string{"call", "--address", listener.Addr().String(), "WatchEnhancedConnections", `{"project_id":"p1"}`},
					&process{ctx: ctx, name: "connsvc", stdout: out, stderr: out, lookupEnv: os.LookupEnv, hangups: noHangups})
			}()
			out.waitFor(t, `"b"`)
			if tt.err == nil {
				cancel()
			}
			status := <-ended
			cancel()
			if text := out.String(); status != tt.wantStatus || !strings.Contains(text, `"resume_token": "a"`) || !strings.HasSuffix(text, tt.want) {
				t.Errorf("status %d\n%s", status, text)
			}
		})
	}
}

// TestNetworkFile: dev and emulator read what peerings and addresses do from a file.
func TestNetworkFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "network.json")
	if err := os.WriteFile(file, []byte(`{"addresses":[{"address":"db:1","connectivity":"REFUSED"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	dev := startDev(t, "--network", file, "--test-delay", "0s")
	call := func(rpc, request string) string {
		status, out := runCommand(t, "", "call", "--address", dev.grpc, rpc, request)
		if status != 0 {
			t.Errorf("%s: status %d\n%s", rpc, status, out)
		}
		return out
	}
	if out := call("CreateConnectivityTest", `{"project_id":"p1","queue_name":"q1","address":"db:1"}`); !strings.Contains(out, `"task_id": "1"`) {
		t.Errorf("start: %s", out)
	}
	if out := call("GetConnectivityTest", `{"project_id":"p1","queue_name":"q1","task_id":1}`); !strings.Contains(out, `"connectivity": "REFUSED"`) {
		t.Errorf("result: %s", out)
	}
	if err := os.WriteFile(file, []byte(`{"addresses":[{"address":"db:1"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, command := range []string{"dev", "emulator"} {
		status, out := runCommand(t, "", command, "--network", file)
		if status != cli.ExitConfig || !strings.Contains(out, file+": addresses[0].connectivity: is required without after and takes") {
			t.Errorf("%s: status %d\n%s", command, status, out)
		}
	}
}

// TestSecondSignal stops a dev that waits for a call: the second signal ends it at once.
func TestSecondSignal(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(rules, []byte(`{"rules":[{"operation":"*","fault":{"kind":"hang"}}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	test, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "connsvc") // TestMain runs what it is called by
	if err := os.Symlink(test, program); err != nil {
		t.Fatal(err)
	}
	out := newLines()
	dev := exec.Command(program, "dev", "--faults", rules, "--grpc", "127.0.0.1:0", "--rest", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--emulator", "127.0.0.1:0")
	dev.Stdout, dev.Stderr = out, out
	if err := dev.Start(); err != nil {
		t.Fatal(err)
	}
	out.waitFor(t, "Ctrl-C stops it.")
	out.waitFor(t, `"msg":"listening"`)
	url := func(name string) string {
		return regexp.MustCompile(name + ` +(http://\S+)`).FindStringSubmatch(out.String())[1]
	}
	go func() {
		if resp, err := http.Get(url("REST") + "/v2.0/p1/datasource/enhanced-connections"); err == nil { //nolint:gosec,noctx // ends with the server
			_ = resp.Body.Close()
		}
	}()
	for fired := false; !fired; {
		resp, err := http.Get(url("emulator") + "/_emulator/faults") //nolint:gosec,noctx // a server of this test
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		fired = strings.Contains(string(text), `"fired":1`)
	}
	_ = dev.Process.Signal(syscall.SIGINT)
	out.waitFor(t, `"msg":"stopping`)
	// The first signal is handled on another goroutine: one that comes too early is lost.
	ended := make(chan struct{})
	go func() {
		for dev.Process.Signal(syscall.SIGINT) == nil {
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	_ = dev.Wait()
	close(ended)
	if status, ok := dev.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v, not by the second signal; output:\n%s", dev.ProcessState, out)
	}
}
