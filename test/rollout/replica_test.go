package rollout_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// addresses are the listening addresses of a replica.
type addresses struct{ GRPC, REST, Admin string }

// A replica is a process of connsvc serve.
type replica struct {
	*process
	addresses
	ready time.Duration // from exec until /readyz succeeds
}

// configuration is a replica's, to format with DLI's URL, keys of the upstream, more.
const configuration = `
grpc: { address: "127.0.0.1:0" }
rest: { address: "127.0.0.1:0" }
admin: { address: "127.0.0.1:0" }
upstreams: [{ endpoint: %q, %s }]
%s
`

// writeConfig writes the configuration of both replicas.
func writeConfig(dir, dli string, drain time.Duration) (string, error) {
	file := filepath.Join(dir, "connsvc.yaml")
	return file, os.WriteFile(file, fmt.Appendf(nil, configuration, dli, "token: { env: DLI_TOKEN }, polling: { min_interval: 100ms, max_interval: 1s, max_calls_per_minute: 6000 }",
		fmt.Sprintf("limits: { call_timeout: 10s }\nshutdown: { drain_delay: %v, timeout: 10s }", drain)), 0o600)
}

// startReplica starts a connsvc serve and waits until it is ready.
func startReplica(ctx context.Context, name, config string) (*replica, error) {
	var at addresses
	p, err := start(name, func(line string) bool {
		return json.Unmarshal([]byte(line), &at) == nil && at.Admin != ""
	}, "serve", "--config", config)
	if err != nil {
		return nil, err
	}
	r := &replica{process: p, addresses: at}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	probe := newProbe()
	defer probe.close()
	for !probe.ready(ctx, r.Admin) {
		if err := pause(ctx, time.Millisecond); err != nil {
			return nil, errors.Join(fmt.Errorf("%s did not become ready: %w", name, err), p.kill())
		}
	}
	r.ready = time.Since(p.started)
	return r, nil
}

// startEmulator starts a DLI and returns its URL.
func startEmulator(t *testing.T) string {
	t.Helper()
	var url string
	p, err := start("emulator", func(line string) bool {
		_, at, found := strings.Cut(strings.TrimSpace(line), " on http://")
		url = "http://" + at
		return found
	}, "emulator", "--address", "127.0.0.1:0", "--peering-delay", "0s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := p.stop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

// A probe calls /readyz on a new connection each time, as a kubelet does.
type probe struct{ client *http.Client }

func newProbe() probe {
	return probe{&http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 2 * time.Second}}
}

func (p probe) ready(ctx context.Context, admin string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/readyz", nil)
	if err != nil {
		return false
	}
	resp, err := p.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK
}

func (p probe) close() { p.client.CloseIdleConnections() }

// pause waits for d, or returns why ctx ended.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
