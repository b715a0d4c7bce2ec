package config_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// withUpstream returns a configuration with an upstream at a host, and more keys.
func withUpstream(host, more string) string {
	return fmt.Sprintf("upstreams: [{ endpoint: \"https://%s\", token: { env: T } }]\n%s", host, more)
}

// A watch is a file that is watched in a bubble of synctest: time passes when
// nothing else is to do.
type watch struct {
	t       *testing.T
	path    string
	file    *config.File
	signals chan os.Signal
	stop    context.CancelFunc // ends Watch

	mu       sync.Mutex
	refusal  error            // what Apply answers
	running  *configv1.Config // what Apply took last
	observed []config.Reload  // since the last call of wants
}

func startWatch(t *testing.T, path string) *watch {
	t.Helper()
	file, err := config.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w := &watch{t: t, path: path, file: file, signals: make(chan os.Signal, 1), running: file.Config(), stop: cancel}
	go file.Watch(ctx, config.WatchOptions{
		Signals: w.signals,
		Apply:   w.apply,
		Observe: w.observe,
	})
	synctest.Wait()
	return w
}

func (w *watch) apply(cfg *configv1.Config) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusal != nil {
		return w.refusal
	}
	w.running = cfg
	return nil
}

func (w *watch) observe(r config.Reload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.observed = append(w.observed, r)
}

// refuse sets what Apply answers from now on.
func (w *watch) refuse(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refusal = err
}

func (w *watch) write(text string) {
	w.t.Helper()
	if err := os.WriteFile(w.path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watch) signal() {
	w.signals <- syscall.SIGHUP
	synctest.Wait()
}

// wait lets a time pass and what is due then happen.
func (w *watch) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// wants compares what was observed since the last call, each as its result and
// words of its error or its changed keys, and the host of the upstream that runs.
func (w *watch) wants(host string, want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	observed := w.observed
	w.observed = nil
	if len(observed) != len(want) {
		w.t.Fatalf("observed %v, want %q", observed, want)
	}
	for i, r := range observed {
		result, words, _ := strings.Cut(want[i], ": ")
		told := strings.Join(r.Changed, " ")
		if r.Err != nil {
			told = r.Err.Error()
		}
		if string(r.Result) != result || !strings.Contains(told, words) || (words == "") != (told == "") {
			w.t.Errorf("observed %s: %s, want %s", r.Result, told, want[i])
		}
	}
	for _, cfg := range []*configv1.Config{w.running, w.file.Config()} {
		if got := cfg.GetUpstreams()[0].GetEndpoint(); got != "https://"+host {
			w.t.Errorf("%s runs, want %s", got, host)
		}
	}
}

// watched runs a test on a file of its own that is watched, and then wants Watch
// to end with its context: synctest fails on a goroutine that is left.
func watched(t *testing.T, text string, test func(w *watch)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "connsvc.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := startWatch(t, path)
		test(w)
		w.stop()
		host := strings.TrimPrefix(w.file.Config().GetUpstreams()[0].GetEndpoint(), "https://")
		w.write("")
		w.wait(time.Hour)
		w.wants(host) // nothing after the end
	})
}

func TestWatchChange(t *testing.T) {
	watched(t, withUpstream("a", ""), func(w *watch) {
		w.wait(time.Minute)
		w.wants("a")
		w.write(withUpstream("b", "log: { level: DEBUG }"))
		w.wait(5 * time.Second)
		w.wants("a") // it might be the half of it
		w.wait(time.Second)
		w.wants("b", "applied: upstreams log.level")
		w.write(withUpstream("b", "log: { level: DEBUG } # a comment"))
		w.wait(6 * time.Second)
		w.wants("b", "unchanged")
		w.wait(time.Minute)
		w.wants("b")
	})
}

// TestWatchBetween changes the file after it was opened and before it is watched.
func TestWatchBetween(t *testing.T) {
	path := filepath.Join(t.TempDir(), "connsvc.yaml")
	if err := os.WriteFile(path, []byte(withUpstream("a", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := config.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(withUpstream("b", "")), 0o600); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		file.Watch(ctx, config.WatchOptions{
			Apply:   func(*configv1.Config) error { return nil },
			Observe: func(config.Reload) { cancel() },
		})
		if got := file.Config().GetUpstreams()[0].GetName(); got != "b" {
			t.Errorf("%s runs, want b", got)
		}
	})
}

func TestWatchBadThenGood(t *testing.T) {
	watched(t, withUpstream("a", ""), func(w *watch) {
		w.write("grcp: {}\nlimits: { max_calls: -1 }\n")
		w.wait(6 * time.Second)
		w.wants("a", `refused: connsvc.yaml:1:1: unknown key "grcp"`)
		w.wait(time.Minute)
		w.wants("a") // told of once
		w.signal()
		w.wants("a", "refused: connsvc.yaml:2:22: limits.max_calls") // and when asked
		w.write(withUpstream("b", ""))
		w.wait(6 * time.Second)
		w.wants("b", "applied: upstreams")
		w.write("")
		w.wait(6 * time.Second)
		w.wants("b", "refused: upstreams")
		w.write(withUpstream("b", ""))
		w.wait(6 * time.Second)
		w.wants("b", "unchanged")
	})
}

// TestWatchHalfWritten writes a file in parts. One of them is a configuration that
// nobody meant.
func TestWatchHalfWritten(t *testing.T) {
	whole := "upstreams:\n- { endpoint: \"https://b\", token: { env: T } }\n- { endpoint: \"https://c\", token: { env: T }, projects: [p] }\n"
	parts := strings.SplitAfter(whole, "\n")
	watched(t, withUpstream("a", ""), func(w *watch) {
		w.wait(4500 * time.Millisecond)
		for i := range parts {
			w.write(strings.Join(parts[:i+1], ""))
			w.wait(400 * time.Millisecond)
		}
		w.wants("a")
		w.wait(2 * time.Second)
		w.wants("b", "applied: upstreams")
		if got := len(w.file.Config().GetUpstreams()); got != 2 {
			t.Errorf("%d upstreams run, want 2", got)
		}
	})
}

func TestWatchSignal(t *testing.T) {
	watched(t, withUpstream("a", "reload: { disable_watch: true }"), func(w *watch) {
		w.signal()
		w.wants("a", "unchanged")
		w.write(withUpstream("b", "reload: { disable_watch: true }"))
		w.wait(time.Hour)
		w.wants("a")
		w.signal()
		w.wants("b", "applied: upstreams") // at once
		w.write(withUpstream("b", "reload: { interval: 1m }"))
		w.signal()
		w.wants("b", "applied: reload.interval reload.disable_watch")
		w.write(withUpstream("c", "reload: { interval: 1m }"))
		w.wait(time.Minute)
		w.wants("b")
		w.wait(time.Second)
		w.wants("c", "applied: upstreams")
	})
}

func TestWatchMissing(t *testing.T) {
	watched(t, withUpstream("a", ""), func(w *watch) {
		if err := os.Rename(w.path, w.path+".old"); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Minute)
		w.wants("a", "refused: no such file")
		if err := os.Rename(w.path+".old", w.path); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Minute)
		w.wants("a", "unchanged")
	})
}

// TestWatchReplaced renames over the file: it is never missing, and the old half of
// it is never seen.
func TestWatchReplaced(t *testing.T) {
	watched(t, withUpstream("a", ""), func(w *watch) {
		next := w.path + ".next"
		if err := errors.Join(os.WriteFile(next, []byte(withUpstream("b", "")), 0o600), os.Rename(next, w.path)); err != nil {
			t.Fatal(err)
		}
		w.wait(6 * time.Second)
		w.wants("b", "applied: upstreams")
	})
}

// TestWatchKubernetes swaps a link as Kubernetes does to change a mounted
// ConfigMap: neither the file nor its folder is written to. Times and sizes stay.
func TestWatchKubernetes(t *testing.T) {
	dir, modified := t.TempDir(), time.Unix(1, 0)
	version := func(name, host string) {
		path := filepath.Join(dir, name, "connsvc.yaml")
		next := filepath.Join(dir, "..data_tmp")
		if err := errors.Join(
			os.Mkdir(filepath.Dir(path), 0o700),
			os.WriteFile(path, []byte(withUpstream(host, "")), 0o600),
			os.Chtimes(path, modified, modified),
			os.Symlink(name, next),
			os.Rename(next, filepath.Join(dir, "..data")),
		); err != nil {
			t.Fatal(err)
		}
	}
	version("..1", "a")
	path := filepath.Join(dir, "connsvc.yaml")
	if err := os.Symlink("..data/connsvc.yaml", path); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		w := startWatch(t, path)
		version("..2", "b")
		if err := os.RemoveAll(filepath.Join(dir, "..1")); err != nil {
			t.Fatal(err)
		}
		w.wait(6 * time.Second)
		w.wants("b", "applied: upstreams")
		w.stop()
	})
}

// TestWatchNotApplied refuses what is well formed: a secret that it names may come
// later than the file.
func TestWatchNotApplied(t *testing.T) {
	watched(t, withUpstream("a", ""), func(w *watch) {
		w.refuse(errors.New("upstreams[0].token: no such file"))
		w.write(withUpstream("b", ""))
		w.wait(6 * time.Second)
		w.wants("a", "refused: upstreams[0].token")
		w.wait(time.Minute)
		w.wants("a") // tried again, with the same end
		w.refuse(errors.New("upstreams[0].token: permission denied"))
		w.wait(5 * time.Second)
		w.wants("a", "refused: permission denied")
		w.signal()
		w.wants("a", "refused: permission denied")
		w.refuse(nil)
		w.wait(5 * time.Second)
		w.wants("b", "applied: upstreams")
		w.wait(time.Minute)
		w.wants("b")
	})
}

// TestWatchRestart wants a file refused as a whole that changes what connsvc cannot
// change while it runs.
func TestWatchRestart(t *testing.T) {
	watched(t, withUpstream("a", "grpc: { address: \"127.0.0.1:0\" }"), func(w *watch) {
		for more, key := range map[string]string{
			"":                                   "grpc.address",
			"grpc: { address: \"127.0.0.1:1\" }": "2:18: grpc.address",
			"limits: { max_request_bytes: 1Mi }": "2:30: limits.max_request_bytes",
			"shutdown: { drain_delay: 1s }":      "2:26: shutdown.drain_delay",
			"admin: { allow_plaintext: true }":   "2:27: admin.allow_plaintext",
		} {
			w.write(withUpstream("b", more))
			w.signal()
			w.wants("a", "refused: "+key+": cannot be changed by a reload: restart connsvc")
		}
		w.write(withUpstream("b", "grpc: { address: \"127.0.0.1:0\" }\nlimits: { max_request_bytes: 16Mi }\n"))
		w.signal()
		w.wants("b", "applied: upstreams") // a default that is written out is no change
	})
}

// TestReloadable wants every key that is said to change while connsvc runs to be
// one of the schema.
func TestReloadable(t *testing.T) {
	messages := configv1.File_connsvc_config_v1_config_proto.Messages()
	for _, key := range config.Reloadable() {
		message := messages.ByName(key.Parent().Name())
		if message == nil || message.Fields().ByName(key.Name()) == nil {
			t.Errorf("there is no key %s", key)
		}
	}
}
