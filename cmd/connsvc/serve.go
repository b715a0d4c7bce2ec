package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

// telemetryTimeout bounds the last flush of telemetry, after all else is shut.
const telemetryTimeout = 5 * time.Second

type serveCommand struct {
	Config     string `required:"" type:"path" placeholder:"FILE" help:"The configuration file."`
	Reflection bool   `help:"Serve gRPC reflection, so that grpcurl needs no proto files."`
}

// Run loads the configuration and serves until the process is told to stop.
func (c *serveCommand) Run(p *process) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return fmt.Errorf("%w:\n%w", errConfig, err)
	}
	secrets := config.Secrets{Dir: filepath.Dir(c.Config), LookupEnv: p.lookupEnv}
	app, err := newApp(p, cfg, secrets.Read, c.Reflection)
	if err != nil {
		return err
	}
	return app.run(p.ctx)
}

// An app is the service, wired and listening.
type app struct {
	telemetry *telemetry.Telemetry
	server    *server.Server
}

// newApp wires the service from the bottom up. What is wrong with the
// configuration is in one error, all of it, marked errConfig.
func newApp(p *process, cfg *configv1.Config, secret func(*configv1.Secret) (string, error), reflection bool) (*app, error) {
	tel, err := telemetry.New(p.stderr, logLevel(cfg.GetLog().GetLevel()))
	if err != nil {
		return nil, err
	}
	observer, err := server.NewUpstreamObserver(tel)
	if err != nil {
		return nil, err
	}
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	dli, err := upstream.New(cfg.GetUpstreams(), upstream.Options{
		Secret:           secret,
		MaxResponseBytes: cfg.GetLimits().GetMaxResponseBytes(),
		Now:              time.Now,
		Observe:          observer.Observe,
	})
	if err != nil {
		return nil, fmt.Errorf("%w:\n%w", errConfig, err)
	}
	srv, err := server.New(cfg, server.Options{
		Service:       service.New(dli),
		Validator:     validator,
		Telemetry:     tel,
		Reflection:    reflection,
		Version:       version(),
		CloseUpstream: dli.Close,
	})
	if err != nil {
		return nil, err
	}
	return &app{telemetry: tel, server: srv}, nil
}

// run serves until ctx ends; telemetry ends last.
func (a *app) run(ctx context.Context) error {
	a.telemetry.Log.Info("listening", "version", version(),
		"grpc", a.server.GRPCAddr().String(), "rest", a.server.RESTAddr().String(), "admin", a.server.AdminAddr().String())
	err := a.server.Run(ctx)
	a.telemetry.Log.Info("stopped")
	flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), telemetryTimeout)
	defer cancel()
	return errors.Join(err, a.telemetry.Shutdown(flush))
}

func logLevel(l configv1.Log_Level) slog.Level {
	switch l {
	case configv1.Log_DEBUG:
		return slog.LevelDebug
	case configv1.Log_WARN:
		return slog.LevelWarn
	case configv1.Log_ERROR:
		return slog.LevelError
	default:
		return slog.LevelInfo
	}
}
