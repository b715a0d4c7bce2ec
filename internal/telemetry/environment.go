package telemetry

import (
	"context"
	"fmt"
	"strings"

	"go.opentelemetry.io/contrib/exporters/autoexport"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// defaultServiceName is service.name where OTEL_SERVICE_NAME says nothing.
const defaultServiceName = "connsvc"

// An Option is what New may be told.
type Option func(*settings)

type settings struct {
	lookupEnv func(string) (string, bool) // nil: the environment says nothing
	version   string
}

// FromEnvironment exports traces and metrics as the OTEL_* variables say, over OTLP
// or to the console, and takes the sampler and the resource from them. They say
// nothing by default, and then nothing is exported; an OTLP endpoint alone means
// traces. lookupEnv is os.LookupEnv: OpenTelemetry reads the rest by itself.
func FromEnvironment(lookupEnv func(string) (string, bool)) Option {
	return func(s *settings) { s.lookupEnv = lookupEnv }
}

// WithVersion sets service.version of the resource.
func WithVersion(version string) Option {
	return func(s *settings) { s.version = version }
}

// env returns a variable; empty and unset are the same to OpenTelemetry.
func (s settings) env(name string) string {
	if s.lookupEnv == nil {
		return ""
	}
	value, _ := s.lookupEnv(name)
	return strings.TrimSpace(value)
}

// exports tells whether the environment wants a signal ("TRACES", "METRICS")
// exported.
func (s settings) exports(signal string, byEndpoint bool) bool {
	if strings.EqualFold(s.env("OTEL_SDK_DISABLED"), "true") {
		return false
	}
	if name := s.env("OTEL_" + signal + "_EXPORTER"); name != "" {
		return name != "none"
	}
	return s.env("OTEL_EXPORTER_OTLP_"+signal+"_ENDPOINT") != "" ||
		byEndpoint && s.env("OTEL_EXPORTER_OTLP_ENDPOINT") != ""
}

// resource says what process this is. With an error the resource is there in part.
func (s settings) resource(ctx context.Context) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", defaultServiceName)}
	if s.version != "" {
		attributes = append(attributes, attribute.String("service.version", s.version))
	}
	if s.lookupEnv == nil {
		return resource.NewSchemaless(attributes...), nil
	}
	return resource.New(ctx, resource.WithAttributes(attributes...), resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
}

func (s settings) spanExporter(ctx context.Context) (trace.SpanExporter, error) {
	if !s.exports("TRACES", true) {
		return nil, nil
	}
	e, err := autoexport.NewSpanExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the exporter of traces that OTEL_* names: %w", err)
	}
	return e, nil
}

// metricReader returns nil where the environment wants none. The exposition is
// there anyway, so an endpoint alone, which is often meant for traces, is not enough.
func (s settings) metricReader(ctx context.Context) (sdkmetric.Reader, error) {
	if !s.exports("METRICS", false) {
		return nil, nil
	}
	r, err := autoexport.NewMetricReader(ctx)
	if err != nil {
		return nil, fmt.Errorf("making the exporter of metrics that OTEL_* names: %w", err)
	}
	return r, nil
}
