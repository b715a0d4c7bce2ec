// Package telemetry makes the logger, the metrics and the traces of the process. It
// sets no global of slog, OpenTelemetry or Prometheus: two Telemetries know nothing
// of each other.
//
// Nothing that is measured waits for whoever takes it: what an exporter cannot take
// in time is dropped, and its faults are logged and counted.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope names the instrumentation that Meter and Tracer belong to.
const scope = "github.com/connsvc/connsvc"

// Telemetry is the logger, the metrics and the traces of a process.
type Telemetry struct {
	// Log bears the trace of the context, where there is one.
	Log   *slog.Logger
	Level *slog.LevelVar // changeable at run time
	Meter metric.Meter
	// Tracer makes spans; without an exporter they are not recorded, and only hand
	// the caller's trace on.
	Tracer trace.Tracer
	// Metrics serves the Prometheus exposition of everything Meter made, and of the
	// Go runtime and the process.
	Metrics http.Handler

	faults   *faults
	shutdown []func(context.Context) error
	once     sync.Once
	err      error // of shutdown
}

// New makes a Telemetry of its own registry, that logs JSON lines to w. Without
// FromEnvironment nothing is exported but the exposition.
func New(w io.Writer, level slog.Level, options ...Option) (*Telemetry, error) {
	var s settings
	for _, o := range options {
		o(&s)
	}
	levels := new(slog.LevelVar)
	levels.Set(level)
	handler := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: levels})
	t := &Telemetry{Log: slog.New(traceHandler{handler}), Level: levels}
	t.faults = newFaults(t.Log)

	ctx := context.Background() // of the set-up: it connects to nothing
	resource, err := s.resource(ctx)
	if err != nil {
		t.faults.note(ctx, "resource", err) // the usable part of it is there
	}
	tracing, err := s.traces(ctx, resource, t.faults)
	if err != nil {
		return nil, err
	}
	registry, readers, err := s.readers(ctx)
	if err != nil {
		return nil, errors.Join(err, tracing.shutdown(ctx))
	}
	provider := sdk.NewMeterProvider(append(readers, sdk.WithResource(resource))...)
	t.Meter, t.Tracer = provider.Meter(scope), tracing.provider.Tracer(scope)
	t.shutdown = []func(context.Context) error{tracing.shutdown, provider.Shutdown}
	t.Metrics = promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		Registry:          registry,
		ErrorLog:          slog.NewLogLogger(handler, slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true, // the one format that has exemplars, for who asks for it
	})
	if err := t.faults.count(t.Meter); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

// Handle logs a fault of OpenTelemetry's own, as otel.SetErrorHandler wants it: the
// exporters of metrics have no other way to tell.
func (t *Telemetry) Handle(err error) { t.faults.note(context.Background(), "opentelemetry", err) }

// Shutdown flushes and ends it: the last thing a process does. A second call does
// nothing and returns what the first did.
func (t *Telemetry) Shutdown(ctx context.Context) error {
	t.once.Do(func() {
		var errs []error
		for _, end := range t.shutdown {
			errs = append(errs, end(ctx))
		}
		if err := errors.Join(errs...); err != nil {
			t.err = fmt.Errorf("shutting down telemetry: %w", err)
		}
	})
	return t.err
}
