// Package app wires connsvc from the bottom up: the one place that knows every
// part. The commands run it, and so do the suites that try the whole.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net"
	"runtime/debug"
	"strconv"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/auth/audit"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/upstream"
	"github.com/connsvc/connsvc/internal/validation"
)

const (
	// settleTimeout bounds the wait for calls that the deadline of the stop has cut to end,
	// so that nothing is observed after telemetry is shut.
	settleTimeout = time.Second
	// maxWaitingPercent is the share of limits.max_calls that may wait for the credentials
	// of one upstream: where its IAM hangs, the others need the rest.
	maxWaitingPercent = 30
	// flushTimeout bounds the last flush of telemetry, after all else is shut.
	flushTimeout = 5 * time.Second
)

// ErrConfig marks errors that a change of the configuration would fix.
var ErrConfig = errors.New("the configuration is not usable")

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret.
	Secret func(*configv1.Secret) (string, error)
	// Dir is where relative paths of the configuration start.
	Dir string
	// Log is where log lines go.
	Log io.Writer
	// Audit is where the audit log goes if it has no file; nil: it must have one.
	Audit io.Writer
	// Reflection serves gRPC reflection.
	Reflection bool
	// Version is what the build is called in /version, metrics and the log.
	Version string
	// LookupEnv is os.LookupEnv, for telemetry to be exported as OTEL_* says; nil:
	// nothing is exported.
	LookupEnv func(string) (string, bool)
	// Flags means that the addresses are from flags: errors name them.
	Flags bool
}

// An App is the service, wired and listening.
type App struct {
	server    *server.Server
	upstreams *upstream.Router
	telemetry *telemetry.Telemetry
	options   Options
	audit     *audit.Log
	version   string
	config    *configv1.Config
	// callers is the last authenticator, which may be closed: where auth is removed and set
	// again, the changes that were signed before must not be accepted again. Of reloads alone.
	callers *auth.Authenticator
}

// New wires the service and listens. cfg is as config.Load returns it. What is
// wrong with the upstreams or their secrets is one error, marked ErrConfig, and so is
// what is wrong with the files of TLS, and with OTEL_*.
func New(cfg *configv1.Config, o Options) (*App, error) {
	tel, err := telemetry.New(o.Log, logLevel(cfg.GetLog().GetLevel()),
		telemetry.FromEnvironment(o.LookupEnv), telemetry.WithVersion(o.Version))
	if err != nil {
		return nil, fmt.Errorf("%w:\n%w", ErrConfig, err)
	}
	a, err := wire(cfg, o, tel)
	if err != nil {
		return nil, errors.Join(err, tel.Shutdown(context.Background()))
	}
	return a, nil
}

// wire is New over a telemetry.
func wire(cfg *configv1.Config, o Options, tel *telemetry.Telemetry) (*App, error) {
	creates, err := create.New(tel.Meter)
	if err != nil {
		return nil, err
	}
	validator, err := validation.New()
	if err != nil {
		return nil, err
	}
	// Both are made even if the first fails: a start reports all problems at once.
	dli, dliErr := upstream.New(cfg.GetUpstreams(), upstream.Options{
		Secret:           o.Secret,
		Dir:              o.Dir,
		MaxResponseBytes: cfg.GetLimits().GetMaxResponseBytes(),
		MaxWaiting:       int(cfg.GetLimits().GetMaxCalls()) * maxWaitingPercent / 100,
		Now:              time.Now,
		Meter:            tel.Meter,
		Tracer:           tel.Tracer,
		Log:              tel.Log,
	})
	waits, err := waiting.New(dli, tel.Meter)
	if err != nil {
		return nil, err
	}
	log, auditErr := audit.New(cfg.GetAudit(), audit.Options{Stdout: o.Audit, Dir: o.Dir, Log: tel.Log, Meter: tel.Meter})
	guard, guardErr := newGuard(cfg, o, tel, log, nil)
	guardErr = errors.Join(auditErr, guardErr)
	srv, srvErr := server.New(cfg, server.Options{
		Guard:      guard,
		Service:    service.New(dli, creates, waits),
		Validator:  validator,
		Telemetry:  tel,
		Reflection: o.Reflection,
		Version:    o.Version,
		CloseUpstream: func(ctx context.Context) {
			waits.Close() // pollers call DLI
			dli.Close(ctx)
		},
		Dir:   o.Dir,
		Flags: o.Flags,
	})
	if err := errors.Join(dliErr, guardErr, srvErr); err != nil {
		closeGuard(guard)
		if dliErr == nil {
			dli.Close(context.Background()) // no call is in flight
		}
		if srvErr == nil {
			srv.Close()
		}
		if dliErr != nil || guardErr != nil || errors.Is(srvErr, certs.ErrTLS) {
			err = fmt.Errorf("%w:\n%w", ErrConfig, err)
		}
		return nil, err
	}
	a := &App{server: srv, upstreams: dli, telemetry: tel, options: o, audit: log, version: o.Version, config: cfg}
	if guard != nil {
		a.callers = guard.Auth
	}
	return a, nil
}

// GRPCAddr returns the address of gRPC.
func (a *App) GRPCAddr() net.Addr { return a.server.GRPCAddr() }

// RESTAddr returns the address of REST.
func (a *App) RESTAddr() net.Addr { return a.server.RESTAddr() }

// AdminAddr returns the address of the operator's port.
func (a *App) AdminAddr() net.Addr { return a.server.AdminAddr() }

// Run serves until ctx ends; telemetry ends last.
func (a *App) Run(ctx context.Context) error {
	limit := "none"
	if bytes := debug.SetMemoryLimit(-1); bytes != math.MaxInt64 {
		limit = strconv.FormatInt(bytes, 10)
	}
	a.telemetry.Log.Info("listening", "version", a.version, "memory_limit", limit,
		"grpc", a.GRPCAddr().String(), "rest", a.RESTAddr().String(), "admin", a.AdminAddr().String(),
		"upstreams", upstreamsOf(a.config))
	err := a.server.Run(ctx)
	a.end(context.WithoutCancel(ctx))
	return err
}

// upstreamsOf returns each upstream by name, with its kind of credentials.
func upstreamsOf(cfg *configv1.Config) []string {
	var all []string
	for _, u := range cfg.GetUpstreams() {
		m := u.ProtoReflect()
		kind := m.WhichOneof(m.Descriptor().Oneofs().ByName("credentials"))
		all = append(all, fmt.Sprintf("%s (%s)", u.GetName(), kind.Name()))
	}
	return all
}

// Close undoes what New did, for an App that is not run after all.
func (a *App) Close() {
	a.server.Close()
	a.end(context.Background())
}

// end ends all but the server.
func (a *App) end(ctx context.Context) {
	settling, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	a.upstreams.Close(settling)
	closeGuard(a.server.Guard())
	if err := a.audit.Close(); err != nil {
		a.telemetry.Log.Error("closing the audit log", "error", err.Error())
	}
	flush, cancel := context.WithTimeout(ctx, flushTimeout)
	defer cancel()
	if lost := a.telemetry.Shutdown(flush); lost != nil {
		// A collector that is down must not make a good stop a bad one.
		a.telemetry.Log.Warn("the last telemetry is lost", "error", lost.Error())
	}
}

// Handle logs a fault of OpenTelemetry's own: it is an otel.ErrorHandler.
func (a *App) Handle(err error) { a.telemetry.Handle(err) }

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
