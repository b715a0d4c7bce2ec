package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"
)

// A stage is a stub DLI in this process and, in front of it, connsvc and a bare reverse
// proxy, each in a process of its own so that its processor time can be read.
type stage struct {
	dir      string
	dli      *httptest.Server
	connsvc  *process
	proxy    *process
	grpcAddr string
	restURL  string
	adminURL string
	proxyURL string
	made     atomic.Int64 // calls
}

// newStage starts the processes; it builds connsvc if binary is empty.
func newStage(binary string) (*stage, error) {
	dir, err := os.MkdirTemp("", "connsvc-bench-")
	if err != nil {
		return nil, err
	}
	s := &stage{dir: dir, dli: httptest.NewServer(newStubDLI())}
	if err := s.start(binary); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *stage) start(binary string) error {
	config := filepath.Join(s.dir, "connsvc.yaml")
	text := fmt.Sprintf(`grpc: { address: "127.0.0.1:0" }
rest: { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0", pprof: true }
upstreams:
  - endpoint: %q
    access_key:
      id: { env: BENCH_ID }
      secret: { env: BENCH_SECRET }
`, s.dli.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	if binary == "" {
		binary = filepath.Join(s.dir, "connsvc")
		if out, err := exec.Command("go", "build", "-o", binary, "./cmd/connsvc").CombinedOutput(); err != nil {
			return fmt.Errorf("building connsvc: %w\n%s", err, out)
		}
	}
	var listening struct{ GRPC, REST, Admin string }
	var err error
	s.connsvc, err = startProcess(exec.Command(binary, "serve", "--config", config), func(line string) bool {
		return json.Unmarshal([]byte(line), &listening) == nil && listening.REST != ""
	})
	if err != nil {
		return err
	}
	s.grpcAddr, s.restURL, s.adminURL = listening.GRPC, "http://"+listening.REST, "http://"+listening.Admin
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

// serveProxy serves httputil.ReverseProxy, in the proxy's process.
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
