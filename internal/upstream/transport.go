package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

const (
	connectTimeout   = 5 * time.Second
	handshakeTimeout = 5 * time.Second
	idleTimeout      = 90 * time.Second
	maxIdle          = 100
	maxHeaderBytes   = 256 << 10
)

// newTransport makes the connections of one endpoint.
//
// It takes no proxy from the environment: credentials go where the configuration
// says and nowhere else. It speaks HTTP/1.1 alone: one request at a time on a
// connection is what lets conn tell whether a request left, and a megabyte of
// hosts does not hold up the calls beside it. It asks for no compression, so that
// the bound of an answer is the bound of what is read.
func newTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: connectTimeout}
	return &http.Transport{
		Proxy: nil,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &conn{Conn: c}, nil
		},
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    handshakeTimeout,
		IdleConnTimeout:        idleTimeout,
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxHeaderBytes,
		DisableCompression:     true,
	}
}

// The states of a conn.
const (
	quiet   int32 = iota // nothing was written since begin
	writing              // the first write is under way
	wrote                // bytes were written
	sealed               // nothing was, and nothing will be
)

var errSealed = errors.New("the call was given up before it was sent")

// A conn tells whether bytes of a request left.
type conn struct {
	net.Conn
	state atomic.Int32
}

func (c *conn) Write(p []byte) (int, error) {
	if c.state.Load() == wrote {
		return c.Conn.Write(p)
	}
	if !c.state.CompareAndSwap(quiet, writing) {
		return 0, errSealed
	}
	n, err := c.Conn.Write(p)
	if n > 0 {
		c.state.Store(wrote)
	} else {
		c.state.Store(quiet)
	}
	return n, err
}

// begin starts a request.
func (c *conn) begin() { c.state.Store(quiet) }

// unsent reports whether no byte of the request left. If so, none will: the
// transport's own goroutine may be about to write when a call is given up.
func (c *conn) unsent() bool {
	return c.state.CompareAndSwap(quiet, sealed) || c.state.Load() == sealed
}

// A sending follows one request through the transport.
type sending struct {
	conn   *conn
	got    bool
	reused bool // the connection had served before
	left   bool // bytes left by an earlier connection: the transport repeats reads
}

// trace makes the transport tell s of its connections, on the goroutine that
// sends.
func (s *sending) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: s.gotConn})
}

func (s *sending) gotConn(info httptrace.GotConnInfo) {
	s.left = s.sent()
	s.got, s.reused = true, info.Reused
	c := info.Conn
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	if s.conn, _ = c.(*conn); s.conn != nil {
		s.conn.begin()
	}
}

// sent reports whether bytes of the request may have left. It is final: a
// connection that it says false of is of no more use.
func (s *sending) sent() bool {
	return s.left || s.got && (s.conn == nil || !s.conn.unsent())
}
