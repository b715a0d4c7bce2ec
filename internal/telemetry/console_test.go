package telemetry_test

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/telemetry"
)

func TestConsoleExporter(t *testing.T) {
	var log bytes.Buffer
	environment := map[string]string{"OTEL_TRACES_EXPORTER": "console"}
	tel, err := telemetry.New(&log, slog.LevelInfo, telemetry.FromEnvironment(func(name string) (string, bool) {
		value, ok := environment[name]
		return value, ok
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, parent := tel.Tracer.Start(t.Context(), "parent")
	_, child := tel.Tracer.Start(ctx, "child")
	child.End()
	parent.End()
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"name":"child"`) || !strings.Contains(lines[1], `"name":"parent"`) {
		t.Fatalf("logged %q", lines)
	}
	if want := `"parent_id":"` + parent.SpanContext().SpanID().String() + `"`; !strings.Contains(lines[0], want) {
		t.Errorf("no %s in %s", want, lines[0])
	}
}

func TestConsoleIsForTraces(t *testing.T) {
	_, err := telemetry.New(io.Discard, slog.LevelInfo, telemetry.FromEnvironment(func(name string) (string, bool) {
		return "console", name == "OTEL_METRICS_EXPORTER"
	}))
	if err == nil || !strings.Contains(err.Error(), "OTEL_METRICS_EXPORTER") {
		t.Errorf("error %v", err)
	}
}

// A brokenClient is the response to a scrape that was interrupted.
type brokenClient struct{ http.ResponseWriter }

func (brokenClient) Write([]byte) (int, error) { return 0, errors.New("connection reset by peer") }

// TestInterruptedScrapes: they are one warning, however many there are.
func TestInterruptedScrapes(t *testing.T) {
	var log bytes.Buffer
	tel := newTelemetry(t, &log)
	for range 10 {
		tel.Metrics.ServeHTTP(brokenClient{httptest.NewRecorder()}, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `"level":"WARN"`) || !strings.Contains(text, "connection reset by peer") {
		t.Errorf("logged %s", text)
	}
}
