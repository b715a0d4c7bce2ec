package upstream_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestSpanOfAnAttempt: each attempt is a child of the call's span, and DLI is told
// of it.
func TestSpanOfAnAttempt(t *testing.T) {
	var sent []string
	dli := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent = append(sent, r.Header.Get("Traceparent"))
		if len(sent) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(`{"is_success":true,"message":""}`))
	}))
	defer dli.Close()
	recorder := tracetest.NewSpanRecorder()
	tracer := sdk.NewTracerProvider(sdk.WithSpanProcessor(recorder)).Tracer("")
	router, err := upstream.New([]*configv1.Upstream{{
		Endpoint: dli.URL, Timeout: durationpb.New(time.Minute),
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
		Retry:       &configv1.Retry{MaxAttempts: 2, BudgetPercent: proto.Int32(100), BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(time.Millisecond)},
	}}, upstream.Options{Tracer: tracer, Secret: func(*configv1.Secret) (string, error) { return "token", nil }})
	if err != nil {
		t.Fatal(err)
	}
	defer router.Close(t.Context())
	ctx, parent := tracer.Start(t.Context(), "call")
	err = clientOf(t, router, "p").Call(ctx, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName,
		&connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: "p", ConnectionId: "2a620c33-5609-40c9-affd-2b6453071b0f"},
		&connsvcv1.DeleteEnhancedConnectionResponse{})
	if err != nil {
		t.Fatal(err)
	}
	spans := recorder.Ended()
	if len(spans) != 2 || len(sent) != 2 {
		t.Fatalf("%d spans, and DLI got %v", len(spans), sent)
	}
	for i, span := range spans {
		own := span.SpanContext()
		if span.Parent().SpanID() != parent.SpanContext().SpanID() || span.SpanKind() != trace.SpanKindClient || span.Name() != "DELETE /v2.0/{project_id}/datasource/enhanced-connections/{connection_id}" {
			t.Errorf("span %d: %+v", i, span)
		}
		if want := "00-" + own.TraceID().String() + "-" + own.SpanID().String() + "-01"; sent[i] != want {
			t.Errorf("span %d: DLI got %q, want %q", i, sent[i], want)
		}
		for _, a := range span.Attributes() {
			if strings.Contains(a.Value.String(), "2a620c33") {
				t.Errorf("span %d bears an ID of a caller's: %v", i, a)
			}
		}
	}
	if spans[0].Status().Code != codes.Error || spans[1].Status().Code != codes.Unset {
		t.Errorf("statuses %v, %v", spans[0].Status(), spans[1].Status())
	}
}

// TestPropagateTrace: DLI gets the trace context where spans are exported, unless the
// upstream says otherwise.
func TestPropagateTrace(t *testing.T) {
	exported := sdk.NewTracerProvider().Tracer("")
	for _, test := range []struct {
		name      string
		tracer    trace.Tracer // nil: nothing is exported
		propagate *bool
		want      bool
	}{
		{"exported", exported, nil, true},
		{"exported, and kept", exported, proto.Bool(false), false},
		{"not exported", nil, nil, false},
		{"not exported, and passed on", nil, proto.Bool(true), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			var header http.Header
			u := signedBy(newServer(t, func(w http.ResponseWriter, r *http.Request) {
				header = r.Header
				answer(200, `{"is_success":true,"message":""}`)(w, r)
			}))
			u.PropagateTrace = test.propagate
			ctx := trace.ContextWithRemoteSpanContext(t.Context(), trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceState: func() trace.TraceState { s, _ := trace.ParseTraceState("a=b"); return s }(),
			}))
			if err := callGet(ctx, router(t, upstream.Options{Tracer: test.tracer}, u)); err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"Traceparent", "Tracestate"} {
				if got := header.Get(name); (got != "") != test.want {
					t.Errorf("DLI got %s %q", name, got)
				}
			}
		})
	}
}
