package iam_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// patience is how long a test waits for an expected event.
const patience = 20 * time.Second

// Scene e: reloads while IAM is down, and while it is well.
func TestSceneE(t *testing.T) {
	const projects = 10
	c := newCloud(t)
	path := filepath.Join(t.TempDir(), "connsvc.yaml")
	write := func(timeout int) {
		text := fmt.Sprintf("upstreams:\n  - name: a\n    endpoint: %s\n    allow_plaintext: true\n    timeout: %ds\n"+
			"    iam_password: {endpoint: %q, domain_name: d, user_name: u, password: {env: PASSWORD}}\n", c.url, timeout, c.url)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(10)
	signals := make(chan os.Signal)
	s, err := stage.ServeFile(path, signals)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	var good tally
	all := func() {
		for n := range projects {
			good.call(t, s.GRPC, fmt.Sprint("p", n))
		}
	}
	all()
	for n, rules := range [][]faults.Rule{{rule(faults.IAMOperation, "", status(503))}, nil} {
		c.fail(t, rules...)
		write(11 + n)
		signals <- syscall.SIGHUP
		for deadline := time.Now().Add(patience); applied(t, s) != n+1; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d reloads were applied", applied(t, s))
			}
		}
		all()
	}
	onlyOK(t, &good)
	if asked, _ := c.requests(); asked != projects {
		t.Errorf("IAM was asked %d times for %d projects", asked, projects)
	}
}

// applied returns how many reloads were applied.
func applied(t *testing.T, s *stage.Stage) (n int) {
	t.Helper()
	response, err := http.Get("http://" + s.Admin + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), `connsvc_config_reloads_total{result="applied"} `)
	_, _ = fmt.Sscan(rest, &n)
	return n
}

// Scene i: the file of a token blocks while DLI rejects the token. Calls end, others are
// not affected, and connsvc stops.
func TestSceneI(t *testing.T) {
	bad, well := newCloud(t), newCloud(t)
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("stage"), 0o600); err != nil {
		t.Fatal(err)
	}
	blocks := &configv1.Upstream{
		Name: "blocks", Endpoint: bad.url, Projects: []string{"blocked"}, AllowPlaintext: true,
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_File{File: path}}},
	}
	secrets := config.Secrets{LookupEnv: func(string) (string, bool) { return "stage", true }}
	s, err := stage.Serve(config.Default(blocks, well.upstream("well", healthy)), secrets.Read)
	if err != nil {
		t.Fatal(err)
	}
	var before, blocked, good tally
	before.call(t, s.GRPC, "blocked")
	only(t, &before, "OK")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	bad.fail(t, rule(faults.AnyOperation, "", faults.Fault{Kind: faults.ExpiredToken}))
	var running sync.WaitGroup
	for range 20 {
		running.Go(func() { blocked.call(t, s.GRPC, "blocked") })
	}
	good.every(t, s.GRPC, healthy, 10*time.Millisecond, 50)
	running.Wait()
	onlyOK(t, &good)
	only(t, &blocked, credentials)
	if err := s.Close(); err != nil {
		t.Errorf("stopping while the file blocks: %v", err)
	}
	// Let the readings end.
	for range 20 {
		f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			break // nobody reads
		}
		_ = f.Close()
		time.Sleep(10 * time.Millisecond)
	}
}
