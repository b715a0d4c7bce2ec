package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"log/slog"
	"sync/atomic"
	"time"
)

// A Certificate is the TLS configuration of one listener, as its files last had it.
type Certificate struct {
	listener  string
	files     files
	protocols []string // for ALPN
	log       *slog.Logger
	metrics   *metrics

	current atomic.Pointer[tls.Config]
	expiry  atomic.Int64 // of current, in Unix seconds

	// Hashes of the files' contents; used by the goroutine that watches only.
	used, seen, rejected [sha256.Size]byte
}

// Config returns the listener's TLS configuration; nil if c is nil. Each new
// connection gets the certificate of that moment.
func (c *Certificate) Config() *tls.Config {
	if c == nil {
		return nil
	}
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		NextProtos:         c.protocols,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil },
	}
}

// use makes content the configuration of new connections, if it is usable.
func (c *Certificate) use(content content) error {
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

// check reads the files again.
//
// A certificate and its key are two files, so a check may see one new and one old.
// Content that is not usable is reported only if the next check finds the same.
func (c *Certificate) check(ctx context.Context) {
	content, err := c.files.read()
	if content.sum == c.used {
		c.seen, c.rejected = content.sum, c.used
		return
	}
	if err == nil {
		err = c.use(content)
	}
	settled := c.seen == content.sum
	c.seen = content.sum
	switch {
	case err == nil:
		c.metrics.reloaded(ctx, c.listener, reloadOK)
		c.log.InfoContext(ctx, "certificate reloaded", "port", c.listener, "expires", time.Unix(c.expiry.Load(), 0).UTC())
	case settled && c.rejected != content.sum:
		c.rejected = content.sum
		c.metrics.reloaded(ctx, c.listener, reloadFailed)
		c.log.ErrorContext(ctx, "certificate rejected; the previous certificate stays active", "port", c.listener, "error", err.Error())
	}
}
