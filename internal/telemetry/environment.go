package telemetry

import (
	"context"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// defaultServiceName is service.name where OTEL_SERVICE_NAME says nothing.
const defaultServiceName = "connsvc"

// An Option is what New may be told.
type Option func(*settings)

type settings struct {
	lookupEnv func(string) (string, bool) // nil: the environment says nothing
	version   string
}

// FromEnvironment exports traces and metrics over OTLP as the OTEL_* variables say,
// and takes the sampler and the resource from them. They say nothing by default, and
// then nothing is exported; an OTLP endpoint alone means traces. lookupEnv is
// os.LookupEnv: OpenTelemetry reads the rest by itself.
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
