// Package certs provides the TLS configuration of connsvc's listeners from
// certificate files and replaces it when the files change. It does not listen and
// does not identify callers. A listener always has a usable certificate: a changed
// file that cannot be used leaves the previous one active.
package certs

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// ErrTLS marks errors about certificate and key files.
var ErrTLS = errors.New("TLS is not usable")

// defaultInterval is the time between two checks of the files.
const defaultInterval = 5 * time.Second

// Options are the dependencies of Load.
type Options struct {
	Dir      string // base of relative paths
	Log      *slog.Logger
	Meter    metric.Meter
	Interval time.Duration // between checks of the files; 0: 5 s
}

// Certificates are those of the three listeners; nil where TLS is not configured.
type Certificates struct {
	GRPC, REST, Admin *Certificate

	interval time.Duration
}

// Load reads the configured files of all listeners. The error joins all problems;
// those of files are marked ErrTLS.
func Load(cfg *configv1.Config, o Options) (*Certificates, error) {
	m, metricsErr := newMetrics(o.Meter)
	var errs [3]error
	load := func(i int, listener string, cfg *configv1.TLS, protocols ...string) *Certificate {
		if cfg == nil {
			return nil
		}
		c := &Certificate{listener: listener, files: newFiles(cfg, o.Dir), protocols: protocols, log: o.Log, metrics: m}
		errs[i] = c.load()
		return c
	}
	all := &Certificates{
		GRPC:     load(0, telemetry.PortGRPC, cfg.GetGrpc().GetTls(), "h2"),
		REST:     load(1, telemetry.PortREST, cfg.GetRest().GetTls(), "h2", "http/1.1"),
		Admin:    load(2, telemetry.PortAdmin, cfg.GetAdmin().GetTls(), "h2", "http/1.1"),
		interval: cmp.Or(o.Interval, defaultInterval),
	}
	if err := errors.Join(append(errs[:], metricsErr)...); err != nil {
		return nil, err
	}
	return all, m.observe(all.configured())
}

// Check reads the files of all listeners without keeping them. The error joins all
// problems, each marked ErrTLS.
func Check(cfg *configv1.Config, dir string) error {
	var errs []error
	for _, l := range []struct {
		name string
		tls  *configv1.TLS
	}{{telemetry.PortGRPC, cfg.GetGrpc().GetTls()}, {telemetry.PortREST, cfg.GetRest().GetTls()}, {telemetry.PortAdmin, cfg.GetAdmin().GetTls()}} {
		if l.tls == nil {
			continue
		}
		if err := (&Certificate{listener: l.name, files: newFiles(l.tls, dir)}).load(); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (all *Certificates) configured() []*Certificate {
	var some []*Certificate
	for _, c := range []*Certificate{all.GRPC, all.REST, all.Admin} {
		if c != nil {
			some = append(some, c)
		}
	}
	return some
}

// Watch reloads changed files until ctx ends.
func (all *Certificates) Watch(ctx context.Context) {
	var watching sync.WaitGroup
	for _, c := range all.configured() {
		watching.Go(func() { c.watch(ctx, all.interval) })
	}
	watching.Wait()
}
