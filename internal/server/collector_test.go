package server_test

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonv1 "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// A collector takes spans over OTLP.
type collector struct {
	spans chan *tracev1.Span
	url   string
}

func newCollector(t testing.TB) *collector {
	t.Helper()
	c := &collector{spans: make(chan *tracev1.Span, 1<<10)}
	s := httptest.NewServer(c)
	t.Cleanup(s.Close)
	c.url = s.URL
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var request collectorv1.ExportTraceServiceRequest
	if err != nil || proto.Unmarshal(body, &request) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				select {
				case c.spans <- span:
				default: // a benchmark, which reads none
				}
			}
		}
	}
}

// await returns the next span of this name.
func (c *collector) await(t *testing.T, name string) *tracev1.Span {
	t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case span := <-c.spans:
			if span.GetName() == name {
				return span
			}
		case <-deadline:
			t.Fatalf("no span %q comes", name)
		}
	}
}

// traced has the server export its traces to c, as the environment says.
func (c *collector) traced(t testing.TB, w io.Writer) func(*server.Options) {
	t.Helper()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.url)
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "5")
	tel, err := telemetry.New(w, slog.LevelDebug, telemetry.FromEnvironment(os.LookupEnv))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tel.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return func(o *server.Options) { o.Telemetry = tel }
}

func hexID(id []byte) string { return hex.EncodeToString(id) }

func attributesOf(span *tracev1.Span) map[string]any {
	all := map[string]any{}
	for _, a := range span.GetAttributes() {
		switch v := a.GetValue().GetValue().(type) {
		case *commonv1.AnyValue_StringValue:
			all[a.GetKey()] = v.StringValue
		case *commonv1.AnyValue_IntValue:
			all[a.GetKey()] = v.IntValue
		}
	}
	return all
}
