package telemetry

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracing is what makes spans.
type tracing struct {
	provider trace.TracerProvider
	shutdown func(context.Context) error
}

// traces makes spans that nobody waits for: they are queued, exported in batches,
// and dropped when the queue is full. Sampler, queue and batches are as
// OTEL_TRACES_SAMPLER and OTEL_BSP_* say.
func (s settings) traces(ctx context.Context, r *resource.Resource, f *faults) (tracing, error) {
	var e sdk.SpanExporter
	protocol, err := s.protocol("TRACES", true)
	switch {
	case err != nil:
	case protocol == protocolNone:
		return tracing{noop.NewTracerProvider(), func(context.Context) error { return nil }}, nil
	case protocol == protocolGRPC:
		e, err = otlptracegrpc.New(ctx)
	default:
		e, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return tracing{}, fmt.Errorf("making the exporter of traces: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(r), sdk.WithBatcher(loggedExporter{e, f}))
	return tracing{provider, provider.Shutdown}, nil
}

// A loggedExporter logs its faults, which would go to a handler of the whole
// process otherwise.
type loggedExporter struct {
	sdk.SpanExporter
	faults *faults
}

func (e loggedExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.faults.note(ctx, "traces", err)
	}
	return nil
}
