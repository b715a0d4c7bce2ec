package server

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// ErrTLS marks errors of New about files of certificates and keys.
var ErrTLS = errors.New("TLS is not usable")

// defaultTLSInterval is how often the files of certificates are looked at.
const defaultTLSInterval = 5 * time.Second

// A certificate is the TLS of a port, of files that are read again when their
// content changes. What is not usable is passed over: what was used last stays.
type certificate struct {
	port      string
	files     tlsFiles
	protocols []string // of ALPN
	log       *slog.Logger
	metrics   *tlsMetrics

	current atomic.Pointer[tls.Config]
	expiry  atomic.Int64 // of current, in seconds of Unix time

	// Of the goroutine that watches.
	used, seen, refused [sha256.Size]byte // sums of contents
}

// newCertificate reads the files of a port. It returns nil where none are
// configured.
func newCertificate(port string, cfg *configv1.TLS, o Options, m *tlsMetrics) (*certificate, error) {
	if cfg == nil {
		return nil, nil
	}
	c := &certificate{port: port, files: newTLSFiles(cfg, o.Dir), protocols: []string{"h2"}, log: o.Telemetry.Log, metrics: m}
	if port != portGRPC {
		c.protocols = append(c.protocols, "http/1.1")
	}
	content, err := c.files.read()
	if err == nil {
		err = c.use(content)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", port, ErrTLS, err)
	}
	return c, nil
}

// CheckTLS reads the certificates and keys of all ports, as New does; relative
// paths start at dir. The error joins all problems, each marked ErrTLS.
func CheckTLS(cfg *configv1.Config, dir string) error {
	var errs []error
	for _, port := range []struct {
		name string
		tls  *configv1.TLS
	}{{portGRPC, cfg.GetGrpc().GetTls()}, {portREST, cfg.GetRest().GetTls()}, {portAdmin, cfg.GetAdmin().GetTls()}} {
		if port.tls == nil {
			continue
		}
		files := newTLSFiles(port.tls, dir)
		content, err := files.read()
		if err == nil {
			_, _, err = files.parse(content, time.Now())
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w: %w", port.name, ErrTLS, err))
		}
	}
	return errors.Join(errs...)
}

// use makes content what new connections get, if it is usable.
func (c *certificate) use(content tlsContent) error {
	config, expiry, err := c.files.parse(content, time.Now())
	if err != nil {
		return err
	}
	config.NextProtos = c.protocols
	c.current.Store(config)
	c.expiry.Store(expiry.Unix())
	c.used = content.sum
	return nil
}

// config returns the TLS of the port's listener. It is nil where c is.
func (c *certificate) config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         c.protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil },
	}
}

// check reads the files again.
//
// A certificate and its key are two files, and may be seen at the moment that only
// one of them is new. So what is not usable is told of when it is still there at
// the next look.
func (c *certificate) check(ctx context.Context) {
	content, err := c.files.read()
	if content.sum == c.used {
		c.seen, c.refused = content.sum, c.used
		return
	}
	if err == nil {
		err = c.use(content)
	}
	still := c.seen == content.sum
	c.seen = content.sum
	switch {
	case err == nil:
		c.metrics.reloaded(ctx, c.port, reloadOK)
		c.log.InfoContext(ctx, "new certificate", "port", c.port, "expires", time.Unix(c.expiry.Load(), 0).UTC())
	case still && c.refused != content.sum:
		c.refused = content.sum
		c.metrics.reloaded(ctx, c.port, reloadFailed)
		c.log.ErrorContext(ctx, "the new certificate is not usable, the one before stays", "port", c.port, "error", err.Error())
	}
}

// certificates are those of the ports; nil for plaintext.
type certificates struct{ grpc, rest, admin *certificate }

// newCertificates reads the certificates of all ports. The error joins all
// problems.
func newCertificates(cfg *configv1.Config, o Options) (certificates, error) {
	var all certificates
	m, metricsErr := newTLSMetrics(o.Telemetry.Meter)
	var errs [3]error
	all.grpc, errs[0] = newCertificate(portGRPC, cfg.GetGrpc().GetTls(), o, m)
	all.rest, errs[1] = newCertificate(portREST, cfg.GetRest().GetTls(), o, m)
	all.admin, errs[2] = newCertificate(portAdmin, cfg.GetAdmin().GetTls(), o, m)
	err := errors.Join(append(errs[:], metricsErr)...)
	if err == nil {
		err = m.watch(all.present())
	}
	return all, err
}

func (all certificates) present() []*certificate {
	var some []*certificate
	for _, c := range []*certificate{all.grpc, all.rest, all.admin} {
		if c != nil {
			some = append(some, c)
		}
	}
	return some
}

// watch looks at the files of all ports until ctx ends.
func (all certificates) watch(ctx context.Context, interval time.Duration) {
	some := all.present()
	if len(some) == 0 {
		return
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, c := range some {
				c.check(ctx)
			}
		}
	}
}
