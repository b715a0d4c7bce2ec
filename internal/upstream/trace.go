package upstream

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// tracerOr returns t, or one whose spans only hand the trace of the context on.
func tracerOr(t trace.Tracer) trace.Tracer {
	if t == nil {
		return noop.NewTracerProvider().Tracer("")
	}
	return t
}

var asClient = trace.WithSpanKind(trace.SpanKindClient)

// span begins the span of an attempt and has the request bear it (W3C Trace Context).
// It is set after the request was signed: what stands in between may change it.
func (c *Client) span(ctx context.Context, call *call, r *http.Request) (context.Context, trace.Span) {
	ctx, span := c.options.Tracer.Start(ctx, call.op.span, asClient)
	propagation.TraceContext{}.Inject(ctx, propagation.HeaderCarrier(r.Header))
	return ctx, span
}

// tell has the span say what the attempt was and how it ended: no URL, which holds
// what callers sent, and no text of an error.
func tell(span trace.Span, op *operation, a Attempt, err *Error) {
	if !span.IsRecording() {
		return
	}
	attributes := append(make([]attribute.KeyValue, 0, 6),
		attribute.String("http.request.method", op.HTTPMethod),
		attribute.String("connsvc.upstream", a.Upstream),
	)
	if a.HTTPStatus != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", a.HTTPStatus))
	}
	if a.RequestID != "" {
		attributes = append(attributes, attribute.String("connsvc.dli_request_id", a.RequestID))
	}
	if err != nil {
		attributes = append(attributes, attribute.String("error.type", a.Outcome))
		span.SetStatus(codes.Error, a.Outcome)
	}
	span.SetAttributes(attributes...)
}
