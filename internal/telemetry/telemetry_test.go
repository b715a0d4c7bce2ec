package telemetry_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/goleak"

	"github.com/connsvc/connsvc/internal/telemetry"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newTelemetry(t *testing.T, w io.Writer) *telemetry.Telemetry {
	t.Helper()
	tel, err := telemetry.New(w, slog.LevelInfo)
	if err != nil {
		t.Fatal(err)
	}
	return tel
}

// count adds one to the counter called name.
func count(t *testing.T, tel *telemetry.Telemetry, name string) {
	t.Helper()
	counter, err := tel.Meter.Int64Counter(name)
	if err != nil {
		t.Fatal(err)
	}
	counter.Add(t.Context(), 1, metric.WithAttributes(attribute.String("door", "rest")))
}

// exposition returns what Metrics serves.
func exposition(t *testing.T, tel *telemetry.Telemetry) string {
	t.Helper()
	answer := httptest.NewRecorder()
	tel.Metrics.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusOK {
		t.Fatalf("status %d: %s", answer.Code, answer.Body)
	}
	return answer.Body.String()
}

func TestMetrics(t *testing.T) {
	tel := newTelemetry(t, io.Discard)
	count(t, tel, "connsvc.calls")
	count(t, tel, "connsvc.calls")
	text := exposition(t, tel)
	for _, want := range []string{
		"connsvc_calls_total{door=\"rest\"} 2\n",
		"\ngo_goroutines ",
		"\nprocess_start_time_seconds ",
		"target_info{service_name=\"connsvc\"} 1\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestTwoAreIndependent(t *testing.T) {
	var firstLog, secondLog bytes.Buffer
	first, second := newTelemetry(t, &firstLog), newTelemetry(t, &secondLog)
	count(t, first, "first")
	count(t, second, "second")
	for text, wanted := range map[string]string{exposition(t, first): "first", exposition(t, second): "second"} {
		for _, name := range []string{"first", "second"} {
			if got, want := strings.Contains(text, name+"_total"), name == wanted; got != want {
				t.Errorf("the exposition with %s holds %s: %v", wanted, name, got)
			}
		}
	}
	first.Level.Set(slog.LevelError)
	first.Log.Info("hidden")
	second.Log.Info("shown")
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	count(t, second, "second")
	if text := exposition(t, second); !strings.Contains(text, "second_total{door=\"rest\"} 2") {
		t.Errorf("the second does not count after the first was shut down:\n%s", text)
	}
	if firstLog.Len() != 0 || !strings.Contains(secondLog.String(), "shown") {
		t.Errorf("first log %q, second log %q", &firstLog, &secondLog)
	}
}

func TestLog(t *testing.T) {
	var log bytes.Buffer
	tel := newTelemetry(t, &log)
	tel.Log.Debug("hidden")
	tel.Level.Set(slog.LevelDebug)
	tel.Log.Debug("shown", "n", 1)

	decoder := json.NewDecoder(&log)
	var line struct {
		Level, Msg string
		N          int
	}
	if err := decoder.Decode(&line); err != nil {
		t.Fatal(err)
	}
	if line.Level != "DEBUG" || line.Msg != "shown" || line.N != 1 {
		t.Errorf("line %+v", line)
	}
	if decoder.More() {
		t.Error("more than one line")
	}
}

func TestShutdownTwice(t *testing.T) {
	tel := newTelemetry(t, io.Discard)
	count(t, tel, "calls")
	for range 2 {
		if err := tel.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	}
}

// TestLongFault: a text is cut between runes.
func TestLongFault(t *testing.T) {
	var log bytes.Buffer
	tel := newTelemetry(t, &log)
	tel.Handle(errors.New("x" + strings.Repeat("\u00e9", 300)))
	var line struct{ Error string }
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if want := "x" + strings.Repeat("\u00e9", 255) + "..."; line.Error != want {
		t.Errorf("logged %q", line.Error)
	}
}
