package server_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// admin asks the operator's port.
func (b *bench) admin(t testing.TB, path string) (int, string) {
	t.Helper()
	resp, err := b.http.Get("http://" + b.server.AdminAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// awaitMetric waits for a sample of 1 with these labels; an empty label must not
// be there.
func (b *bench) awaitMetric(t testing.TB, name string, labels map[string]string) {
	t.Helper()
	b.awaitMetricOf(t, "1", name, labels)
}

func (b *bench) awaitMetricOf(t testing.TB, value, name string, labels map[string]string) {
	t.Helper()
	var text string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		_, text = b.admin(t, "/metrics")
		for sample := range strings.Lines(text) {
			if hasLabels(sample, name, labels) && strings.HasSuffix(sample, " "+value+"\n") {
				return
			}
		}
	}
	t.Fatalf("no %s with %v of %s in:\n%s", name, labels, value, text)
}

func hasLabels(sample, name string, labels map[string]string) bool {
	if !strings.HasPrefix(sample, name+"{") {
		return false
	}
	for key, value := range labels {
		if value == "" && strings.Contains(sample, key+`="`) {
			return false
		}
		if value != "" && !strings.Contains(sample, key+`="`+value+`"`) {
			return false
		}
	}
	return true
}

func TestMetricsAreServed(t *testing.T) {
	b := start(t, &stub{}, setup{})
	createREST(t, b, createRequest(), nil)
	b.awaitMetric(t, "rpc_server_call_duration_seconds_count", map[string]string{"door": "rest", "rpc_system_name": "grpc"})
	b.awaitMetric(t, "connsvc_request_size_bytes_count", map[string]string{"door": "rest"})
	b.awaitMetric(t, "connsvc_response_size_bytes_count", map[string]string{"door": "rest"})
	b.awaitMetric(t, "connsvc_build_info", map[string]string{"version": "v1.2.3"})
	if _, text := b.admin(t, "/metrics"); !strings.Contains(text, `connsvc_calls_in_flight{door="rest"} 0`) {
		t.Errorf("no call is in flight, but:\n%s", text)
	}
}

func TestAdmin(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, tt := range []struct {
		path, text string
		status     int
	}{
		{"/livez", "ok\n", http.StatusOK},
		{"/version", `"version":"v1.2.3"`, http.StatusOK},
		{"/debug/pprof/", "", http.StatusNotFound},
		{connections, "", http.StatusNotFound},
	} {
		if status, text := b.admin(t, tt.path); status != tt.status || !strings.Contains(text, tt.text) {
			t.Errorf("%s: got %d %q", tt.path, status, text)
		}
	}
}
