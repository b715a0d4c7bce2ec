package server_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// admin asks the operator's port.
func (b *bench) admin(t testing.TB, path string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+b.server.AdminAddr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b.send(t, req)
}

// send sends a request to the operator's port.
func (b *bench) send(t testing.TB, req *http.Request) (int, string) {
	t.Helper()
	resp, err := b.http.Do(req)
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
	b.awaitMetricMatching(t, func(got string) bool { return got == value }, name, labels)
}

func (b *bench) awaitMetricMatching(t testing.TB, good func(value string) bool, name string, labels map[string]string) {
	t.Helper()
	var text string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		_, text = b.admin(t, "/metrics")
		for sample := range strings.Lines(text) {
			if hasLabels(sample, name, labels) && good(strings.TrimSpace(sample[strings.LastIndex(sample, " "):])) {
				return
			}
		}
	}
	t.Fatalf("no such %s with %v in:\n%s", name, labels, text)
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
	b.awaitMetric(t, "rpc_server_call_duration_seconds_count", map[string]string{"api": "rest", "rpc_system_name": "http"})
	b.awaitMetric(t, "connsvc_request_size_bytes_count", map[string]string{"api": "rest"})
	b.awaitMetric(t, "connsvc_response_size_bytes_count", map[string]string{"api": "rest"})
	b.awaitMetric(t, "connsvc_build_info", map[string]string{"version": "v1.2.3"})
	invalid := createRequest()
	invalid.Name = ""
	createREST(t, b, invalid, nil)
	b.awaitMetric(t, "connsvc_validation_failures_total", map[string]string{"api": "rest", "rpc_method": createName})
	if _, text := b.admin(t, "/metrics"); !strings.Contains(text, `connsvc_calls_in_flight{api="rest"} 0`) {
		t.Errorf("no call is in flight, but:\n%s", text)
	}
}

// TestSeriesAreThereFromTheStart: what is not there yet cannot be seen to grow.
func TestSeriesAreThereFromTheStart(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, api := range []string{"grpc", "rest"} {
		b.awaitMetricOf(t, "0", "connsvc_calls_in_flight", map[string]string{"api": api})
		for _, rpc := range connsvcv1.ConnectionService_ServiceDesc.Methods {
			b.awaitMetricOf(t, "0", "connsvc_validation_failures_total", map[string]string{
				"api": api, "rpc_method": "connsvc.v1.ConnectionService/" + rpc.MethodName,
			})
		}
	}
	b.awaitMetricOf(t, "0", "connsvc_telemetry_faults_total", map[string]string{"kind": "traces"})
}
