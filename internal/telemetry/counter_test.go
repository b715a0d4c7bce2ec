package telemetry_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// The series of every value is there before anything is counted.
func TestCounter(t *testing.T) {
	tel := newTelemetry(t, io.Discard)
	c, err := telemetry.NewCounter(tel.Meter, "test.counter", "A test.", "result", "good", "bad")
	if err != nil {
		t.Fatal(err)
	}
	c.Add(t.Context(), "good")
	w := httptest.NewRecorder()
	tel.Metrics.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for _, want := range []string{`test_counter_total{result="good"} 1`, `test_counter_total{result="bad"} 0`} {
		if !strings.Contains(w.Body.String(), want+"\n") {
			t.Errorf("no %s in %s", want, w.Body)
		}
	}
}
