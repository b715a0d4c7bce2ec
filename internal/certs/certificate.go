package certs

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/connsvc/connsvc/internal/watch"
)

// A Certificate is the TLS configuration of one listener, from its files.
type Certificate struct {
	listener  string
	files     files
	protocols []string // for ALPN
	log       *slog.Logger
	metrics   *metrics

	current atomic.Pointer[parsed]
	used    [sha256.Size]byte // hash of the files of current; not for concurrent use
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
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load().config, nil },
	}
}

// load reads the files for the first time.
func (c *Certificate) load() error {
	if err := c.use(c.files.read()); err != nil {
		return fmt.Errorf("%s: %w: %w", c.listener, ErrTLS, err)
	}
	return nil
}

// use activates content for new connections, if it is usable.
func (c *Certificate) use(content watch.Content) error {
	p, err := c.files.parse(content, time.Now())
	if err != nil {
		return err
	}
	p.config.NextProtos = c.protocols
	c.current.Store(p)
	c.used = content.Sum
	return nil
}

// watch reloads the files when they change, until ctx ends.
func (c *Certificate) watch(ctx context.Context, interval time.Duration) {
	watch.Watcher{
		Read:     c.files.read,
		Interval: func() time.Duration { return interval },
		Changed: func(content watch.Content, _ bool) bool {
			c.reload(ctx, content)
			return false
		},
	}.Run(ctx, c.used)
}

func (c *Certificate) reload(ctx context.Context, content watch.Content) {
	if content.Sum == c.used {
		return // a rejected change was undone
	}
	if err := c.use(content); err != nil {
		c.metrics.reloaded(ctx, c.listener, reloadFailed)
		c.log.ErrorContext(ctx, "certificate rejected; the previous certificate stays active", "port", c.listener, "error", err.Error())
		return
	}
	c.metrics.reloaded(ctx, c.listener, reloadOK)
	c.log.InfoContext(ctx, "certificate reloaded", "port", c.listener, "expires", c.current.Load().expiry.UTC())
}
