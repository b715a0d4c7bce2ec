package server

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// traces makes the span of each call, a child of the caller's where it sent one
// (W3C Trace Context). It bears what the access log does of the call, and no text of
// a caller's but the project.
type traces struct{ tracer trace.Tracer }

var asServer = trace.WithSpanKind(trace.SpanKindServer)

func (t traces) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := callFrom(ctx)
	if headers := (traceHeaders{ctx}); headers.Get("traceparent") != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, headers)
	}
	ctx, span := t.tracer.Start(ctx, c.method, asServer)
	defer span.End()
	answer, err := handler(ctx, req)
	if span.IsRecording() {
		tell(span, c)
	}
	return answer, err
}

// tell has the span say what the call was and how it ended, all at once: attributes
// in parts cost twice as much. A caller's own fault is no error of the span's: it is
// right to be refused.
func tell(span trace.Span, c *call) {
	attributes := make([]attribute.KeyValue, 0, 6)
	attributes = append(attributes,
		attribute.String("rpc.system.name", "grpc"), // the contract's, whichever the door
		attribute.String("rpc.method", c.method),
		attribute.String("connsvc.project", c.projectID()),
		attribute.String("rpc.response.status_code", codeName(c.outcome().code)),
	)
	if c.door == doorREST {
		attributes = append(attributes, attribute.Int("http.response.status_code", c.httpStatus))
	}
	if e := c.failure; e != nil {
		attributes = append(attributes, attribute.String("error.type", e.Reason.String()))
		if e.HTTPStatus >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, e.Reason.String())
		}
	}
	span.SetAttributes(attributes...)
}

// traceHeaders is the incoming metadata as a propagator reads it.
type traceHeaders struct{ ctx context.Context }

// Get returns the value of a header. One that was sent twice is none, but for
// tracestate, which is a list.
func (h traceHeaders) Get(key string) string {
	switch values := metadata.ValueFromIncomingContext(h.ctx, key); {
	case len(values) == 1:
		return values[0]
	case key == "tracestate":
		return strings.Join(values, ",")
	default:
		return ""
	}
}

// Set does nothing: this is what came in.
func (traceHeaders) Set(string, string) {}

// Keys returns the headers that Get knows.
func (traceHeaders) Keys() []string { return propagation.TraceContext{}.Fields() }
