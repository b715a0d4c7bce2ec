package chain

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

var asServer = trace.WithSpanKind(trace.SpanKindServer)

// startSpan starts the span of a call, as a child of the caller's W3C trace context. Of
// the caller's texts it records the project alone; who calls is verified.
func (ch *Chain) startSpan(ctx context.Context, c *Call) (context.Context, trace.Span) {
	if c.Traceparent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{
			"traceparent": c.Traceparent, "tracestate": c.Tracestate,
		})
	}
	return ch.tracer.Start(ctx, c.Method, asServer)
}

// endSpan records how the call ended, in one step: attributes in parts cost twice as
// much. A caller's own fault is no error of the span.
func endSpan(span trace.Span, c *Call) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	attributes := make([]attribute.KeyValue, 0, 7)
	attributes = append(attributes,
		attribute.String("rpc.system.name", systemName(c.API)),
		attribute.String("rpc.method", c.Method),
		attribute.String("connsvc.project", c.projectID()),
		attribute.String("rpc.response.status_code", codeName(c.outcome().code)),
	)
	if c.API == REST {
		attributes = append(attributes, attribute.Int("http.response.status_code", c.HTTPStatus))
	}
	if c.Record.Caller != "" {
		attributes = append(attributes, attribute.String("connsvc.caller", c.Record.Caller))
	}
	if e := c.Failure; e != nil {
		attributes = append(attributes, attribute.String("error.type", e.Reason.String()))
		if e.HTTPStatus >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, e.Reason.String())
		}
	}
	span.SetAttributes(attributes...)
}
