package telemetry

import (
	"context"

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
	e, err := s.spanExporter(ctx)
	if err != nil {
		return tracing{}, err
	}
	if e == nil {
		return tracing{noop.NewTracerProvider(), func(context.Context) error { return nil }}, nil
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
