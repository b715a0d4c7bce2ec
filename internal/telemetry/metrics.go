package telemetry

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetricgrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlpmetric/otlpmetrichttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// readers returns the registry of the exposition, and the readers of metrics: its own
// and that of the exporter in the environment.
func (s settings) readers(ctx context.Context) (*prometheus.Registry, []sdk.Option, error) {
	registry := prometheus.NewRegistry()
	if err := errors.Join(
		registry.Register(collectors.NewGoCollector()),
		registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
	); err != nil {
		return nil, nil, fmt.Errorf("registering the metrics of the process: %w", err)
	}
	// All metrics have one scope, which is useless as a label.
	own, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, nil, fmt.Errorf("creating the Prometheus exporter: %w", err)
	}
	readers := []sdk.Option{sdk.WithReader(own)}
	pushed, err := s.pushed(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("creating the exporter of metrics: %w", err)
	}
	if pushed != nil {
		readers = append(readers, sdk.WithReader(sdk.NewPeriodicReader(pushed)))
	}
	return registry, readers, nil
}

// pushed returns the exporter in the environment, or nil. An endpoint alone is not
// enough: it is often meant for traces, and metrics can be scraped.
func (s settings) pushed(ctx context.Context) (sdk.Exporter, error) {
	switch protocol, err := s.protocol("METRICS", false); {
	case err != nil || protocol == protocolNone:
		return nil, err
	case protocol == protocolGRPC:
		return otlpmetricgrpc.New(ctx)
	default:
		return otlpmetrichttp.New(ctx)
	}
}
