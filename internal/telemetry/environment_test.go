package telemetry_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	metricsv1 "go.opentelemetry.io/proto/otlp/collector/metrics/v1"
	tracesv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	resourcev1 "go.opentelemetry.io/proto/otlp/resource/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// A collector takes what is exported, over HTTP and over gRPC. It keeps the names of
// the spans and of the metrics that came, and what they say of their process.
type collector struct {
	tracesv1.UnimplementedTraceServiceServer
	names      chan string
	resources  chan *resourcev1.Resource
	http, grpc string
}

func newCollector(t *testing.T) *collector {
	t.Helper()
	c := &collector{names: make(chan string, 100), resources: make(chan *resourcev1.Resource, 100)}
	web := httptest.NewServer(c)
	t.Cleanup(web.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	tracesv1.RegisterTraceServiceServer(server, c)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(server.Stop)
	c.http, c.grpc = web.URL, "http://"+l.Addr().String()
	return c
}

func (c *collector) Export(_ context.Context, r *tracesv1.ExportTraceServiceRequest) (*tracesv1.ExportTraceServiceResponse, error) {
	for _, resource := range r.GetResourceSpans() {
		c.resources <- resource.GetResource()
		for _, scope := range resource.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				c.names <- span.GetName()
			}
		}
	}
	return &tracesv1.ExportTraceServiceResponse{}, nil
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	var traces tracesv1.ExportTraceServiceRequest
	var metrics metricsv1.ExportMetricsServiceRequest
	switch r.URL.Path {
	case "/v1/traces":
		if proto.Unmarshal(body, &traces) == nil {
			_, _ = c.Export(r.Context(), &traces)
		}
	case "/v1/metrics":
		if proto.Unmarshal(body, &metrics) == nil {
			for _, m := range metrics.GetResourceMetrics()[0].GetScopeMetrics()[0].GetMetrics() {
				c.names <- m.GetName()
			}
		}
	}
	w.WriteHeader(http.StatusOK)
}

// exported makes a span and a metric, and returns what came of them.
func exported(t *testing.T, c *collector) string {
	t.Helper()
	tel, err := telemetry.New(io.Discard, slog.LevelInfo, telemetry.FromEnvironment(os.LookupEnv), telemetry.WithVersion("v1.2.3"))
	if err != nil {
		t.Fatal(err)
	}
	_, span := tel.Tracer.Start(t.Context(), "a.span")
	span.End()
	count(t, tel, "a.metric")
	if err := tel.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	var names []string
	for len(c.names) > 0 {
		if name := <-c.names; strings.HasPrefix(name, "a.") {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

func TestEnvironment(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string // HTTP and GRPC stand for the collector
		want string
	}{
		"nothing":            {nil, ""},
		"an endpoint":        {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "HTTP"}, "a.span"},
		"endpoint of traces": {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "HTTP/v1/traces"}, "a.span"},
		"gRPC":               {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "GRPC", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "a.span"},
		"gRPC for traces": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "GRPC", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc",
		}, "a.span"},
		"metrics too": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "HTTP", "OTEL_METRICS_EXPORTER": "otlp"}, "a.span, a.metric"},
		"no traces": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "HTTP", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "otlp",
		}, "a.metric"},
		"no sampling": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "HTTP", "OTEL_TRACES_SAMPLER": "always_off"}, ""},
		"disabled": {map[string]string{
			"OTEL_EXPORTER_OTLP_ENDPOINT": "HTTP", "OTEL_METRICS_EXPORTER": "otlp", "OTEL_SDK_DISABLED": "true",
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t)
			for key, value := range tt.env {
				t.Setenv(key, strings.NewReplacer("HTTP", c.http, "GRPC", c.grpc).Replace(value))
			}
			if got := exported(t, c); got != tt.want {
				t.Errorf("the collector got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestBadEnvironment(t *testing.T) {
	for key, value := range map[string]string{
		"OTEL_TRACES_EXPORTER":               "zipkin",
		"OTEL_METRICS_EXPORTER":              "prometheus",
		"OTEL_EXPORTER_OTLP_PROTOCOL":        "http/json",
		"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "udp",
	} {
		t.Run(key, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
			t.Setenv(key, value)
			_, err := telemetry.New(io.Discard, slog.LevelInfo, telemetry.FromEnvironment(os.LookupEnv))
			if err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestWithoutFromEnvironment nothing is exported, whatever the environment says.
func TestWithoutFromEnvironment(t *testing.T) {
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.http)
	tel := newTelemetry(t, io.Discard)
	_, span := tel.Tracer.Start(t.Context(), "a.span")
	span.End()
	if err := tel.Shutdown(t.Context()); err != nil || len(c.names) > 0 {
		t.Errorf("%v, and %d names", err, len(c.names))
	}
}

func TestResource(t *testing.T) {
	for name, tt := range map[string]struct{ env, value, want string }{
		"default":    {"OTEL_SERVICE_NAME", "", "connsvc"},
		"named":      {"OTEL_SERVICE_NAME", "connsvc-eu", "connsvc-eu"},
		"attributes": {"OTEL_RESOURCE_ATTRIBUTES", "service.name=connsvc-nl", "connsvc-nl"},
		"malformed":  {"OTEL_RESOURCE_ATTRIBUTES", "team", "connsvc"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(t)
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.http)
			t.Setenv(tt.env, tt.value)
			if got := exported(t, c); got != "a.span" {
				t.Fatalf("the collector got %q", got)
			}
			got := map[string]string{}
			for _, a := range (<-c.resources).GetAttributes() {
				got[a.GetKey()] = a.GetValue().GetStringValue()
			}
			if got["service.name"] != tt.want || got["service.version"] != "v1.2.3" || got["host.name"] == "" {
				t.Errorf("got %v", got)
			}
		})
	}
}

// TestCollectorIsDown: it is logged once, counted, and the end comes in time.
func TestCollectorIsDown(t *testing.T) {
	refuse := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
	}))
	defer refuse.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", refuse.URL)
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "1")
	var log bytes.Buffer
	tel, err := telemetry.New(&log, slog.LevelInfo, telemetry.FromEnvironment(os.LookupEnv))
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		_, span := tel.Tracer.Start(t.Context(), "a.span")
		span.End()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := tel.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != 1 || !strings.Contains(log.String(), `"kind":"traces"`) || log.Len() > 1000 {
		t.Errorf("%d lines, of %d bytes: %.1000s", lines, log.Len(), &log)
	}
}

func TestFaultsAreCounted(t *testing.T) {
	var log bytes.Buffer
	tel := newTelemetry(t, &log)
	for range 3 {
		tel.Handle(errors.New("no collector"))
	}
	if text := exposition(t, tel); !strings.Contains(text, `connsvc_telemetry_faults_total{kind="opentelemetry"} 3`) || !strings.Contains(text, `connsvc_telemetry_faults_total{kind="traces"} 0`) {
		t.Errorf("got\n%s", text)
	}
	if strings.Count(log.String(), "no collector") != 1 {
		t.Errorf("logged\n%s", &log)
	}
}

// TestLogBearsTheTrace of its context, below attributes and groups too.
func TestLogBearsTheTrace(t *testing.T) {
	var log bytes.Buffer
	tel := newTelemetry(t, &log)
	span := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}})
	ctx := trace.ContextWithSpanContext(t.Context(), span)
	tel.Log.InfoContext(ctx, "plain")
	tel.Log.With("a", 1).InfoContext(ctx, "with")
	tel.Log.WithGroup("g").InfoContext(ctx, "group")
	for line := range strings.Lines(log.String()) {
		if !strings.Contains(line, `"trace_id":"01000000000000000000000000000000","span_id":"0200000000000000"`) {
			t.Errorf("no trace in %s", line)
		}
	}
	log.Reset()
	tel.Log.InfoContext(t.Context(), "none")
	if strings.Contains(log.String(), "trace_id") {
		t.Errorf("a trace in %s", &log)
	}
}
