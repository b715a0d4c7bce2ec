// Package exchange makes HTTP/1.1 exchanges, each on the goroutine of its caller, of
// net/http's parser and crypto/tls (docs/adr/0007). It knows neither DLI nor a
// caller's policy of retries; RoundTrip itself sends a request again only if the pooled
// connection that it used turns out to be closed, and then only a GET or a request of
// which nothing was written.
//
// What it guarantees beyond http.Transport: sent is false only if no byte of the request
// was written, and then none will be. When RoundTrip has failed or the response is
// closed, nothing more is written, and the request's body is the caller's again. No
// bytes that arrived before a request was written are taken for its response
// (docs/adr/0008).
package exchange

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/connsvc/connsvc/internal/egress"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxIdle          = 100
	// noReuse is how long no connection is reused after unsolicited bytes: longer than a
	// response may be delayed on its way, so that the confusion is over, and short enough
	// that one stray packet does not cost handshakes for long. It also limits the log.
	noReuse = time.Minute
)

// Options are what New needs beside the endpoint. The zero Options are valid.
type Options struct {
	// Route is the way to the endpoint; nil: direct, and the CAs of the system.
	Route *egress.Route
	// Dial makes a TCP connection; nil: to the host of the endpoint, or the proxy.
	Dial func(context.Context) (net.Conn, error)
	// Log gets a warning about unsolicited bytes, at most once a minute; nil: none.
	Log *slog.Logger
	// Unsolicited counts the connections that were dropped because bytes had arrived
	// before a request was written; nil: nothing is counted.
	Unsolicited *atomic.Int64
}

// A Transport makes the exchanges with one endpoint. It is safe for concurrent use.
//
// It takes no proxy from the environment: credentials go where the configuration says
// and nowhere else. With a proxy, sent is false until bytes were written into its tunnel.
// It follows no redirect, and asks for no compression, so that the
// limit of a response is the limit of what is read.
type Transport struct {
	dial        func(context.Context) (net.Conn, error)
	address     string        // of the endpoint
	route       *egress.Route // nil: direct
	tls         *tls.Config   // nil: plaintext; with a route, but for its files
	log         *slog.Logger
	unsolicited *atomic.Int64

	mu           sync.Mutex
	idle         []*conn // the most recently used is the last
	sweep        *time.Timer
	noReuseUntil time.Time
	closed       bool
}

// New makes the Transport of an http or https endpoint. It connects to nothing yet.
func New(endpoint *url.URL, o Options) *Transport {
	t := &Transport{dial: o.Dial, route: o.Route, log: o.Log, unsolicited: o.Unsolicited}
	port := cmp.Or(endpoint.Port(), "80")
	if endpoint.Scheme == "https" {
		port = cmp.Or(endpoint.Port(), "443")
		t.tls = &tls.Config{ServerName: endpoint.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	}
	t.address = net.JoinHostPort(endpoint.Hostname(), port)
	if t.dial == nil {
		address := t.address
		if proxy := t.route.Proxy(); proxy != nil {
			address = proxy.Address()
		}
		t.dial = func(ctx context.Context) (net.Conn, error) {
			return (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, "tcp", address)
		}
	}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	if t.unsolicited == nil {
		t.unsolicited = new(atomic.Int64)
	}
	return t
}

// RoundTrip sends a request and reads the head of its response, whose body must be
// closed. If ctx has ended, the error is its cause. sent reports whether bytes of the
// request were written.
//
// The other end may close a connection at the moment it is reused. Then a request of
// which nothing was written goes out on another one, at last on a new one, and so does
// a GET of whose response nothing was read.
func (t *Transport) RoundTrip(ctx context.Context, r *http.Request, body []byte) (_ *http.Response, sent bool, _ error) {
	// Checked first, because a connection that was taken would be lost.
	if !validRequest(r) {
		return nil, false, errRequest
	}
	for ctx.Err() == nil {
		c, reused, err := t.take(ctx)
		if err != nil {
			return nil, sent, causeOr(ctx, err)
		}
		response, err := (&exchange{ctx: ctx, transport: t, conn: c}).begin(r, body)
		if err == nil {
			return response, true, nil // a large body may still be being written
		}
		wrote := c.link.wrote.Load()
		sent = sent || wrote
		safe := !wrote || r.Method == http.MethodGet && !c.received
		if !reused || !safe {
			return nil, sent, causeOr(ctx, err)
		}
	}
	return nil, sent, context.Cause(ctx)
}

// causeOr returns the cause of the end of ctx, if it has ended, else err: the error of a
// connection that was closed because of ctx does not name the cause.
func causeOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// take returns an idle connection on which nothing was received, or a new one.
func (t *Transport) take(ctx context.Context) (_ *conn, reused bool, _ error) {
	for c := t.pop(); c != nil; c = t.pop() {
		err := c.check()
		if err == nil {
			return c, true, nil
		}
		t.discard(c, err)
	}
	c, err := t.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	// Part of a TLS record is normal here: session tickets follow the handshake.
	if err := c.check(); err != nil && !errors.Is(err, errPartialRecord) {
		if c.isHTTP2() {
			c.link.abort()
			return nil, false, ErrHTTP2
		}
		t.discard(c, err)
		return nil, false, err
	}
	return c, false, nil
}

// connect makes a connection.
func (t *Transport) connect(ctx context.Context) (*conn, error) {
	proxy := t.route.Proxy()
	tcp, err := t.dial(ctx)
	if err != nil && proxy != nil {
		return nil, &egress.Error{Err: err}
	}
	if err != nil {
		return nil, err
	}
	c, err := newConn(ctx, tcp, proxy, t.address, t.config())
	if errors.Is(err, egress.ErrUnsolicited) {
		t.distrust()
	}
	return c, err
}

// config returns the configuration of TLS to the endpoint; nil: plaintext.
func (t *Transport) config() *tls.Config {
	if t.tls == nil || t.route == nil {
		return t.tls
	}
	config := t.route.TLS()
	config.ServerName, config.NextProtos = t.tls.ServerName, t.tls.NextProtos
	return config
}

// discard closes a connection that did not pass its check.
func (t *Transport) discard(c *conn, err error) {
	c.link.abort()
	if errors.Is(err, errUnsolicited) {
		t.distrust()
	}
}

// distrust counts unsolicited bytes, after which the other connections are not trusted
// either.
func (t *Transport) distrust() {
	t.unsolicited.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if now.Before(t.noReuseUntil) {
		return
	}
	t.noReuseUntil = now.Add(noReuse)
	for _, idle := range t.idle {
		idle.link.abort()
	}
	t.idle = nil
	t.log.Warn("the upstream sent bytes that no request asked for: its connections are not reused for a while", "seconds", noReuse.Seconds())
}

func (t *Transport) pop() *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := len(t.idle) - 1
	if last < 0 {
		return nil
	}
	c := t.idle[last]
	t.idle[last] = nil
	t.idle = t.idle[:last]
	return c
}

// give keeps a connection for the next request, or closes it.
func (t *Transport) give(c *conn) {
	if !t.keep(c) {
		_ = c.Close()
	}
}

func (t *Transport) keep(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.closed || len(t.idle) == maxIdle || now.Before(t.noReuseUntil) {
		return false
	}
	c.idleSince = now
	t.idle = append(t.idle, c)
	if t.sweep == nil {
		t.sweep = time.AfterFunc(idleTimeout, t.closeOld)
	}
	return true
}

// closeOld closes the connections that were idle for too long: they are the first.
func (t *Transport) closeOld() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for len(t.idle) > 0 && now.Sub(t.idle[0].idleSince) >= idleTimeout {
		go func(c *conn) { _ = c.Close() }(t.idle[0]) // the TLS close alert may block
		t.idle = slices.Delete(t.idle, 0, 1)
	}
	t.sweep = nil
	if len(t.idle) > 0 {
		t.sweep = time.AfterFunc(idleTimeout-now.Sub(t.idle[0].idleSince), t.closeOld)
	}
}

// Close closes the idle connections, and the others when their exchanges end. Exchanges
// that begin later work, each on a connection of its own.
func (t *Transport) Close() {
	t.mu.Lock()
	idle := t.idle
	t.idle, t.closed = nil, true
	if t.sweep != nil {
		t.sweep.Stop()
	}
	t.mu.Unlock()
	for _, c := range idle {
		_ = c.Close()
	}
}
