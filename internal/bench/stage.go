package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A stage is a stub DLI in this process, and before it connsvc and a bare
// reverse proxy, each a process of its own so that its processor time is known.
type stage struct {
	dir      string
	dli      *httptest.Server
	connsvc  *process
	proxy    *process
	grpcAddr string
	restURL  string
	proxyURL string
}

func newStage() (*stage, error) {
	dir, err := os.MkdirTemp("", "connsvc-bench-")
	if err != nil {
		return nil, err
	}
	s := &stage{dir: dir, dli: httptest.NewServer(http.HandlerFunc(stubDLI))}
	if err := s.start(); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// stubDLI answers every create, and costs as little as it can.
func stubDLI(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	io.WriteString(w, `{"is_success":true,"message":"","connection_id":"2a620c33-5609-40c9-affd-2b6453071b0f"}`)
}

func (s *stage) start() error {
	config := filepath.Join(s.dir, "connsvc.yaml")
	text := fmt.Sprintf(`grpc: { address: "127.0.0.1:0" }
rest: { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0" }
upstreams:
  - endpoint: %q
    access_key:
      id: { env: BENCH_ID }
      secret: { env: BENCH_SECRET }
`, s.dli.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	binary := filepath.Join(s.dir, "connsvc")
	if out, err := exec.Command("go", "build", "-o", binary, "./cmd/connsvc").CombinedOutput(); err != nil {
		return fmt.Errorf("building connsvc: %w\n%s", err, out)
	}
	var listening struct{ GRPC, REST string }
	var err error
	s.connsvc, err = startProcess(exec.Command(binary, "serve", "--config", config), func(line string) bool {
		return json.Unmarshal([]byte(line), &listening) == nil && listening.REST != ""
	})
	if err != nil {
		return err
	}
	s.grpcAddr, s.restURL = listening.GRPC, "http://"+listening.REST
	self, err := os.Executable()
	if err != nil {
		return err
	}
	s.proxy, err = startProcess(exec.Command(self, "-proxy", s.dli.URL), func(line string) bool {
		s.proxyURL = strings.TrimSpace(line)
		return true
	})
	return err
}

func (s *stage) close() {
	for _, p := range []*process{s.connsvc, s.proxy} {
		if p != nil {
			p.stop()
		}
	}
	s.dli.Close()
	os.RemoveAll(s.dir)
}

// serveProxy is what runs in the proxy's process: httputil.ReverseProxy and
// nothing else.
func serveProxy(target string) error {
	u, err := url.Parse(target)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "http://%v\n", listener.Addr())
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
		Transport: &http.Transport{MaxIdleConnsPerHost: callers},
	}
	return (&http.Server{Handler: proxy, ReadHeaderTimeout: time.Minute}).Serve(listener)
}

// A process is a child whose processor time is measured.
type process struct{ cmd *exec.Cmd }

// startProcess starts cmd and waits until ready accepts a line of its standard
// error; what it writes later is read and dropped.
func startProcess(cmd *exec.Cmd, ready func(line string) bool) (*process, error) {
	cmd.Env = append(os.Environ(), "BENCH_ID=bench", "BENCH_SECRET=bench")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(stderr)
	var seen strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			cmd.Process.Kill()
			return nil, fmt.Errorf("%s did not start: %s", cmd.Path, seen.String())
		}
		if ready(line) {
			break
		}
		seen.WriteString(line)
	}
	go io.Copy(io.Discard, lines)
	return &process{cmd}, nil
}

func (p *process) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	p.cmd.Wait()
}

// cpu returns the processor time of all threads so far, to the nanosecond.
func (p *process) cpu() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("no scheduler statistics of process %d: bench needs Linux", p.cmd.Process.Pid)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return 0, err
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ns)
	}
	return sum, nil
}
