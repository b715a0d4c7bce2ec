// Package telemetry provides the logger, the metrics and the traces of the process. It
// sets no global of slog, OpenTelemetry or Prometheus, so that tests can run several.
//
// Calls never wait for an exporter: data that it cannot take in time is dropped, and
// its faults are logged and counted.
package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/trace"
)

// scope is the instrumentation scope of Meter and Tracer.
const scope = "github.com/connsvc/connsvc"

// Telemetry is the logger, the metrics and the traces of a process.
type Telemetry struct {
	// Log adds the trace in the context, if there is one.
	Log   *slog.Logger
	Level *slog.LevelVar // changeable at run time
	Meter metric.Meter
	// Tracer starts spans; without an exporter it is a noop one, whose spans only carry
	// the caller's trace.
	Tracer trace.Tracer
	// Metrics serves the Prometheus exposition of Meter, the Go runtime and the
	// process.
	Metrics http.Handler

	faults   *faults
	shutdown []func(context.Context) error
	once     sync.Once
	err      error // of shutdown
}

// New returns a Telemetry with its own registry that logs JSON lines to w. Without
// FromEnvironment there is only the exposition.
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

	ctx := context.Background() // nothing connects yet
	resource, err := s.resource(ctx)
	if err != nil {
		t.faults.record(ctx, "resource", err)
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
		ErrorLog:          scrapeLog{t.faults},
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true, // the only format with exemplars
	})
	if err := t.faults.count(t.Meter); err != nil {
		return nil, errors.Join(err, t.Shutdown(ctx))
	}
	return t, nil
}

// A scrapeLog is the promhttp.Logger: an interrupted scrape causes an error for each
// metric that was not sent yet.
type scrapeLog struct{ faults *faults }

func (l scrapeLog) Println(v ...any) {
	l.faults.log(context.Background(), "scrape", strings.TrimSpace(fmt.Sprintln(v...)))
}

// Handle records a fault of OpenTelemetry: it is an otel.ErrorHandler. Exporters of
// metrics report faults this way only.
func (t *Telemetry) Handle(err error) { t.faults.record(context.Background(), "opentelemetry", err) }

// Shutdown flushes and stops the exporters. A second call only returns the error of
// the first.
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
