package telemetry

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

// defaultServiceName is service.name without OTEL_SERVICE_NAME.
const defaultServiceName = "connsvc"

// An Option configures New.
type Option func(*settings)

type settings struct {
	lookupEnv func(string) (string, bool) // nil: no variable is set
	version   string
}

// FromEnvironment configures OTLP export, sampler and resource from the OTEL_*
// variables. With none set nothing is exported; OTEL_EXPORTER_OTLP_ENDPOINT alone
// enables traces, not metrics. lookupEnv is os.LookupEnv, as OpenTelemetry reads
// further variables itself.
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

// resource describes the process. With an error it is incomplete but usable.
func (s settings) resource(ctx context.Context) (*resource.Resource, error) {
	attributes := []attribute.KeyValue{attribute.String("service.name", defaultServiceName)}
	if s.version != "" {
		attributes = append(attributes, attribute.String("service.version", s.version))
	}
	if s.lookupEnv == nil {
		return resource.NewSchemaless(attributes...), nil
	}
	attributes = append(attributes, attribute.String("service.instance.id", uuid.NewString()))
	return resource.New(ctx, resource.WithAttributes(attributes...), resource.WithTelemetrySDK(), resource.WithHost(), resource.WithFromEnv())
}
