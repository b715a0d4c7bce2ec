package telemetry

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracing provides tracers.
type tracing struct {
	provider trace.TracerProvider
	shutdown func(context.Context) error
}

// traces queues spans, exports them in batches and drops them when the queue is full.
// OTEL_TRACES_SAMPLER and OTEL_BSP_* configure sampler, queue and batches.
func (s settings) traces(ctx context.Context, r *resource.Resource, f *faults) (tracing, error) {
	var e sdk.SpanExporter
	protocol, err := s.protocol("TRACES", true)
	switch {
	case err != nil:
	case protocol == protocolNone:
		return tracing{noop.NewTracerProvider(), func(context.Context) error { return nil }}, nil
	case protocol == protocolConsole:
		provider := sdk.NewTracerProvider(sdk.WithResource(r), sdk.WithSyncer(consoleExporter{f.logger}))
		return tracing{provider, provider.Shutdown}, nil
	case protocol == protocolGRPC:
		e, err = otlptracegrpc.New(ctx)
	default:
		e, err = otlptracehttp.New(ctx)
	}
	if err != nil {
		return tracing{}, fmt.Errorf("creating the exporter of traces: %w", err)
	}
	provider := sdk.NewTracerProvider(sdk.WithResource(r), sdk.WithBatcher(loggedExporter{e, f}))
	return tracing{provider, provider.Shutdown}, nil
}

// A loggedExporter records its faults, which would otherwise go to a global handler.
type loggedExporter struct {
	sdk.SpanExporter
	faults *faults
}

func (e loggedExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		e.faults.record(ctx, "traces", err)
	}
	return nil
}

// A consoleExporter logs spans, each as one line.
type consoleExporter struct{ log *slog.Logger }

func (e consoleExporter) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	for _, span := range spans {
		line := []slog.Attr{
			slog.String("name", span.Name()),
			slog.String("trace_id", span.SpanContext().TraceID().String()),
			slog.String("span_id", span.SpanContext().SpanID().String()),
			slog.Int64("duration_us", span.EndTime().Sub(span.StartTime()).Microseconds()),
		}
		if span.Parent().IsValid() {
			line = append(line, slog.String("parent_id", span.Parent().SpanID().String()))
		}
		for _, a := range span.Attributes() {
			line = append(line, slog.Any(string(a.Key), a.Value.AsInterface()))
		}
		e.log.LogAttrs(trace.ContextWithSpanContext(ctx, trace.SpanContext{}), slog.LevelInfo, "span", line...)
	}
	return nil
}

func (consoleExporter) Shutdown(context.Context) error { return nil }
