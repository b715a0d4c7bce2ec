package app

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// RunFile is Run that also reloads file at each signal and when its content changes.
// New was given the file's configuration.
func (a *App) RunFile(ctx context.Context, file *config.File, signals <-chan os.Signal) error {
	r, err := a.newReloader()
	if err != nil {
		a.Close()
		return err
	}
	watchCtx, stop := context.WithCancel(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		file.Watch(watchCtx, config.WatchOptions{Signals: signals, Apply: r.apply, Observe: r.observe})
	}()
	err = a.Run(ctx)
	stop()
	select {
	case <-watched:
	case <-time.After(settleTimeout): // a file of a secret hangs
	}
	return err
}

// A reloader activates changed configurations.
type reloader struct {
	app     *App
	reloads telemetry.Counter[config.Result]
}

func (a *App) newReloader() (*reloader, error) {
	reloads, err := telemetry.NewCounter(a.telemetry.Meter, "connsvc.config.reloads", "Reloads of the configuration, by result.", "result",
		config.Results()...)
	return &reloader{a, reloads}, err
}

// apply starts with the steps that can fail, so that a failure changes nothing.
func (r *reloader) apply(cfg *configv1.Config) error {
	guard, err := newGuard(cfg, r.app.options, r.app.telemetry, r.app.audit, r.app.callers)
	if err != nil {
		return err
	}
	if err := r.app.upstreams.Reload(cfg.GetUpstreams()); err != nil {
		closeGuard(guard)
		return err
	}
	if guard != nil {
		r.app.callers = guard.Auth
	}
	closeGuard(r.app.server.SetGuard(guard))
	r.app.telemetry.Level.Set(logLevel(cfg.GetLog().GetLevel()))
	return nil
}

func (r *reloader) observe(reloaded config.Reload) {
	r.reloads.Add(context.Background(), reloaded.Result)
	log := r.app.telemetry.Log
	switch reloaded.Result {
	case config.Applied:
		log.Info("configuration reloaded", slog.Any("changed", reloaded.Changed), slog.Any("details", reloaded.Details))
	case config.Rejected:
		log.Error("configuration rejected; the previous configuration stays active", slog.Any("problems", strings.Split(reloaded.Err.Error(), "\n")))
	default:
		log.Info("configuration reloaded; nothing changed")
	}
}
