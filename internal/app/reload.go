package app

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"sync"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
)

// RunFile is Run that follows file, whose configuration New was given: it reads the
// file again at each signal and when its content changes.
func (a *App) RunFile(ctx context.Context, file *config.File, signals <-chan os.Signal) error {
	r, err := a.newReloader()
	if err != nil {
		a.Close()
		return err
	}
	watchCtx, stop := context.WithCancel(ctx)
	var watching sync.WaitGroup
	watching.Go(func() {
		file.Watch(watchCtx, config.WatchOptions{Signals: signals, Apply: r.apply, Observe: r.observe})
	})
	err = a.Run(ctx)
	stop()
	watching.Wait()
	return err
}

// A reloader puts another configuration in the place of the one that runs.
type reloader struct {
	app     *App
	reloads metric.Int64Counter
}

func (a *App) newReloader() (*reloader, error) {
	reloads, err := a.telemetry.Meter.Int64Counter("connsvc.config.reloads",
		metric.WithDescription("Times that the configuration was read again, by what became of it."))
	if err != nil {
		return nil, err
	}
	r := &reloader{app: a, reloads: reloads}
	for _, result := range config.Results() {
		r.count(result, 0) // a metric that is not there yet cannot be seen to grow
	}
	return r, nil
}

// apply does first what can fail, so that what fails changes nothing.
func (r *reloader) apply(cfg *configv1.Config) error {
	if err := r.app.upstreams.Reload(cfg.GetUpstreams()); err != nil {
		return err
	}
	r.app.telemetry.Level.Set(logLevel(cfg.GetLog().GetLevel()))
	return nil
}

func (r *reloader) observe(reloaded config.Reload) {
	r.count(reloaded.Result, 1)
	log := r.app.telemetry.Log
	switch reloaded.Result {
	case config.Applied:
		log.Info("configuration reloaded", slog.Any("changed", reloaded.Changed))
	case config.Rejected:
		log.Error("configuration refused, what ran goes on", slog.Any("problems", strings.Split(reloaded.Err.Error(), "\n")))
	default:
		log.Info("configuration read again, nothing changed")
	}
}

func (r *reloader) count(result config.Result, n int64) {
	r.reloads.Add(context.Background(), n, metric.WithAttributes(attribute.String("result", string(result))))
}
