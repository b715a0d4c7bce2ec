package upstream

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxIdle          = 100
)

// A transport makes the HTTP exchanges with one endpoint, each on the goroutine of
// its call and on a connection that is its alone meanwhile (docs/adr/0007): so it is
// known, not guessed, whether a byte of a request left.
//
// It takes no proxy from the environment: credentials go where the configuration
// says and nowhere else. It follows no redirect, and asks for no compression, so that
// the bound of an answer is the bound of what is read.
type transport struct {
	connect func(context.Context) (net.Conn, error) // TCP
	secure  *tls.Config                             // nil: plaintext

	mu     sync.Mutex
	idle   []*conn // the one used last is the last
	sweep  *time.Timer
	closed bool
}

// newTransport connects to nothing yet.
func newTransport(u *url.URL) *transport {
	t := &transport{}
	port := u.Port()
	if u.Scheme == "https" {
		port = cmp.Or(port, "443")
		t.secure = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12}
	}
	address := net.JoinHostPort(u.Hostname(), cmp.Or(port, "80"))
	t.connect = func(ctx context.Context) (net.Conn, error) {
		return (&net.Dialer{Timeout: connectTimeout}).DialContext(ctx, "tcp", address)
	}
	return t
}

// roundTrip sends a request and reads the head of its answer; the body is to be
// closed. The error is that of ctx where ctx has ended. sent reports whether bytes of
// the request left: if not, none will.
//
// The other end may close a connection at the moment in which it is used again. Then
// a request of which nothing left goes out on another one, at last on a new one, and
// so does a GET to which nothing was answered.
func (t *transport) roundTrip(ctx context.Context, r *http.Request, body []byte) (response *http.Response, sent bool, err error) {
	// Before a connection is taken: it would be lost, and for nothing.
	if !expressible(r) {
		return nil, false, errRequest
	}
	for ctx.Err() == nil {
		c, reused, err := t.take(ctx)
		if err != nil {
			return nil, sent, endOr(ctx, err)
		}
		response, err = (&exchange{ctx: ctx, transport: t, conn: c}).begin(r, body)
		if err == nil {
			return response, true, nil // though the body may still be being written
		}
		left := c.link.wrote.Load()
		sent = sent || left
		safe := !left || r.Method == http.MethodGet && !c.answered
		if !reused || !safe {
			return nil, sent, endOr(ctx, err)
		}
	}
	return nil, sent, context.Cause(ctx)
}

// endOr is why ctx has ended, else err: a connection that is closed because of ctx
// says nothing of that.
func endOr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// take returns a connection: an idle one on which the other end has said nothing
// since, or a new one.
func (t *transport) take(ctx context.Context) (c *conn, reused bool, err error) {
	for {
		c := t.pop()
		if c == nil {
			break
		}
		if c.quiet() {
			return c, true, nil
		}
		c.link.abort()
	}
	tcp, err := t.connect(ctx)
	if err != nil {
		return nil, false, err
	}
	c, err = newConn(ctx, tcp, t.secure)
	return c, false, err
}

func (t *transport) pop() *conn {
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

// give keeps a connection for the next request.
func (t *transport) give(c *conn) {
	if !t.keep(c) {
		_ = c.Close()
	}
}

func (t *transport) keep(c *conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.idle) == maxIdle {
		return false
	}
	c.idleSince = time.Now()
	t.idle = append(t.idle, c)
	if t.sweep == nil {
		t.sweep = time.AfterFunc(idleTimeout, t.closeOld)
	}
	return true
}

// closeOld closes the connections that were idle for too long: they are the first.
func (t *transport) closeOld() {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	for len(t.idle) > 0 && now.Sub(t.idle[0].idleSince) >= idleTimeout {
		go func(c *conn) { _ = c.Close() }(t.idle[0]) // TLS says goodbye, which may block
		t.idle = slices.Delete(t.idle, 0, 1)
	}
	t.sweep = nil
	if len(t.idle) > 0 {
		t.sweep = time.AfterFunc(idleTimeout-now.Sub(t.idle[0].idleSince), t.closeOld)
	}
}

// close closes the idle connections, and the others when their exchanges end.
func (t *transport) close() {
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
