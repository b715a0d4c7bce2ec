package server_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const (
	traceID     = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID    = "00f067aa0ba902b7"
	traceparent = "00-" + traceID + "-" + parentID + "-01"
	createName  = "connsvc.v1.ConnectionService/CreateEnhancedConnection"
)

// TestSpanOfACall: the caller's trace goes on through either API, to the service
// and into the log.
func TestSpanOfACall(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		c := newCollector(t)
		var inside trace.SpanContext
		logs := newLogs()
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			inside = trace.SpanContextFromContext(ctx)
			return nil
		}}, setup{options: c.traced(t, logs)})
		got := d.create(t, b, createRequest(), metadata.MD{"traceparent": {traceparent}, "tracestate": {"a=1", "b=2"}})
		span := c.await(t, createName)
		if hexID(span.GetTraceId()) != traceID || hexID(span.GetParentSpanId()) != parentID || span.GetTraceState() != "a=1,b=2" || span.GetKind() != tracev1.Span_SPAN_KIND_SERVER {
			t.Errorf("got %v", span)
		}
		if inside.SpanID().String() != hexID(span.GetSpanId()) || !inside.IsSampled() {
			t.Errorf("the service is in span %v, not in %x", inside, span.GetSpanId())
		}
		want := map[string]any{
			"rpc.system.name": "grpc", "rpc.method": createName, "rpc.response.status_code": "OK",
			"connsvc.project": project,
		}
		if d.name == "rest" {
			want["rpc.system.name"] = "http"
			want["http.response.status_code"] = int64(http.StatusCreated)
		}
		if diff := cmp.Diff(want, attributesOf(span)); diff != "" {
			t.Error(diff)
		}
		if logged := logs.await(t, "call", got.requestID); logged["trace_id"] != traceID || logged["span_id"] != hexID(span.GetSpanId()) {
			t.Errorf("logged %v", logged)
		}
	})
}

// TestSpanOfAFailure: a fault is an error of the span's, what the caller did wrong
// is not; neither tells a cause.
func TestSpanOfAFailure(t *testing.T) {
	invalid := createRequest()
	invalid.Name = "no-hyphens"
	for _, tt := range []struct {
		name    string
		request *connsvcv1.CreateEnhancedConnectionRequest
		on      func(context.Context, proto.Message) error
		reason  string
		status  tracev1.Status_StatusCode
	}{
		{"invalid", invalid, nil, "VALIDATION_FAILED", tracev1.Status_STATUS_CODE_UNSET},
		{"taken", createRequest(), func(context.Context, proto.Message) error {
			return apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "", nil)
		}, "NAME_TAKEN", tracev1.Status_STATUS_CODE_UNSET},
		{"fault", createRequest(), func(context.Context, proto.Message) error { return errSecret }, "INTERNAL", tracev1.Status_STATUS_CODE_ERROR},
		{"panic", createRequest(), func(context.Context, proto.Message) error { panic(errSecret) }, "INTERNAL", tracev1.Status_STATUS_CODE_ERROR},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				c := newCollector(t)
				b := start(t, &stub{on: tt.on}, setup{options: c.traced(t, newLogs())})
				d.create(t, b, tt.request, nil)
				span := c.await(t, createName)
				if span.GetStatus().GetCode() != tt.status || attributesOf(span)["error.type"] != tt.reason || len(span.GetParentSpanId()) != 0 {
					t.Errorf("got %v", span)
				}
				if strings.Contains(span.String(), errSecret.Error()) {
					t.Errorf("the cause is in %v", span)
				}
			})
		})
	}
}

// TestUnknownMethodIsTraced, under a name that its caller did not make up.
func TestUnknownMethodIsTraced(t *testing.T) {
	c := newCollector(t)
	b := start(t, &stub{}, setup{options: c.traced(t, newLogs())})
	b.do(t, http.MethodGet, "/made/up", nil, nil)
	if span := c.await(t, "unknown"); strings.Contains(span.String(), "made") {
		t.Errorf("got %v", span)
	}
}

// TestTraceWithoutAnExporter is handed on to the service and the log all the same;
// what is no trace is none.
func TestTraceWithoutAnExporter(t *testing.T) {
	for name, tt := range map[string]struct {
		sent []string
		want any
	}{
		"sampled":     {[]string{traceparent}, traceID},
		"not sampled": {[]string{"00-" + traceID + "-" + parentID + "-00"}, traceID},
		"none":        {nil, nil},
		"malformed":   {[]string{"00-" + strings.Repeat("0", 32) + "-" + parentID + "-01"}, nil},
		"two":         {[]string{traceparent, traceparent}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				b := start(t, &stub{}, setup{})
				got := d.create(t, b, createRequest(), metadata.MD{"traceparent": tt.sent})
				if logged := b.logs.await(t, "call", got.requestID); logged["trace_id"] != tt.want {
					t.Errorf("logged %v", logged)
				}
			})
		})
	}
}

// TestSampler is the one that the environment names.
func TestSampler(t *testing.T) {
	t.Setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
	c := newCollector(t)
	b := start(t, &stub{}, setup{options: c.traced(t, newLogs())})
	b.do(t, http.MethodGet, one, nil, nil)
	createREST(t, b, createRequest(), metadata.MD{"traceparent": {traceparent}})
	if span := c.await(t, createName); hexID(span.GetTraceId()) != traceID {
		t.Errorf("got %v", span)
	}
	select {
	case span := <-c.spans:
		t.Errorf("it is not to be sampled: %v", span)
	default:
	}
}

// TestExemplars: a sample of the duration names a trace, for who asks in the format
// that can.
func TestExemplars(t *testing.T) {
	c := newCollector(t)
	b := start(t, &stub{}, setup{options: c.traced(t, newLogs())})
	createREST(t, b, createRequest(), metadata.MD{"traceparent": {traceparent}})
	c.await(t, createName)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.server.AdminAddr().String()+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "application/openmetrics-text")
	_, text := b.send(t, req)
	found := false
	for line := range strings.Lines(text) {
		found = found || strings.HasPrefix(line, "rpc_server_call_duration_seconds_bucket{") && strings.Contains(line, `trace_id="`+traceID+`"`)
	}
	if !found {
		t.Errorf("no exemplar in\n%s", text)
	}
}

// TestCollectorThatHangs holds up no call, and is counted.
func TestCollectorThatHangs(t *testing.T) {
	hang := make(chan struct{})
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	}))
	defer hanging.Close()
	defer close(hang)
	t.Setenv("OTEL_BSP_EXPORT_TIMEOUT", "100")
	t.Setenv("OTEL_BSP_MAX_QUEUE_SIZE", "4")
	t.Setenv("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2")
	b := start(t, &stub{}, setup{options: (&collector{url: hanging.URL}).traced(t, newLogs())})
	for range 50 {
		if got := createGRPC(t, b, createRequest(), nil); got.code != "OK" {
			t.Fatalf("got %+v", got)
		}
	}
	b.awaitMetricMatching(t, func(value string) bool { return value != "0" }, "connsvc_telemetry_faults_total", map[string]string{"kind": "traces"})
}
