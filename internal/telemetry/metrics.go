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

// readers returns the registry of the exposition, and what reads the metrics: for it,
// and for what the environment names.
func (s settings) readers(ctx context.Context) (*prometheus.Registry, []sdk.Option, error) {
	registry := prometheus.NewRegistry()
	if err := errors.Join(
		registry.Register(collectors.NewGoCollector()),
		registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
	); err != nil {
		return nil, nil, fmt.Errorf("registering the metrics of the process: %w", err)
	}
	// Every metric is of one scope: as a label it would say nothing.
	own, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, nil, fmt.Errorf("making the metrics exporter: %w", err)
	}
	readers := []sdk.Option{sdk.WithReader(own)}
	pushed, err := s.pushed(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("making the exporter of metrics: %w", err)
	}
	if pushed != nil {
		readers = append(readers, sdk.WithReader(sdk.NewPeriodicReader(pushed)))
	}
	return registry, readers, nil
}

// pushed returns nil where the environment wants no metrics sent. The exposition is
// there anyway, so an endpoint alone, which is often meant for traces, is not enough.
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
