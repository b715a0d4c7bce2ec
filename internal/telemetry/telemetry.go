// Package telemetry makes the logger and the metrics of the process. It sets no
// global of slog, OpenTelemetry or Prometheus: two Telemetries know nothing of
// each other.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/attribute"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
)

// scope names the instrumentation that Meter belongs to.
const scope = "github.com/connsvc/connsvc"

// Telemetry is the logger and the metrics of a process.
type Telemetry struct {
	Log   *slog.Logger
	Level *slog.LevelVar // changeable at run time
	Meter metric.Meter
	// Metrics serves the Prometheus exposition of everything Meter made, and of the
	// Go runtime and the process.
	Metrics http.Handler

	shutdown func(context.Context) error
	once     sync.Once
	err      error // of shutdown
}

// New makes a Telemetry of its own registry, that logs JSON lines to w.
func New(w io.Writer, level slog.Level) (*Telemetry, error) {
	levels := new(slog.LevelVar)
	levels.Set(level)
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: levels})

	registry := prometheus.NewRegistry()
	if err := errors.Join(
		registry.Register(collectors.NewGoCollector()),
		registry.Register(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{})),
	); err != nil {
		return nil, fmt.Errorf("registering the metrics of the process: %w", err)
	}
	// Every metric is of one scope: as a label it would say nothing.
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, fmt.Errorf("making the metrics exporter: %w", err)
	}
	provider := sdk.NewMeterProvider(
		sdk.WithReader(reader),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "connsvc"))),
	)
	return &Telemetry{
		Log:   slog.New(handler),
		Level: levels,
		Meter: provider.Meter(scope),
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{
			Registry:      registry,
			ErrorLog:      slog.NewLogLogger(handler, slog.LevelError),
			ErrorHandling: promhttp.ContinueOnError,
		}),
		shutdown: provider.Shutdown,
	}, nil
}

// Shutdown flushes and ends it: the last thing a process does. A second call does
// nothing and returns what the first did.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	t.once.Do(func() {
		if err := t.shutdown(ctx); err != nil {
			t.err = fmt.Errorf("shutting down telemetry: %w", err)
		}
	})
	return t.err
}
