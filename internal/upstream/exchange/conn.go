package exchange

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/connsvc/connsvc/internal/egress"
)

const (
	// maxHeadBytes bounds the head of a response.
	maxHeadBytes = 256 << 10
	// maxInterim bounds the responses of status 1xx before the final one.
	maxInterim = 5
)

// ErrHTTP2 is the error of an endpoint that does not speak HTTP/1.1.
var ErrHTTP2 = errors.New("the endpoint speaks HTTP/2 only")

var (
	errHeadTooLarge  = errors.New("the head of the response is larger than 256 KiB")
	errInterim       = errors.New("too many responses of status 1xx")
	errRequest       = errors.New("the head of the request is not valid HTTP")
	errUnsolicited   = errors.New("the upstream sent bytes before a request was written")
	errPartialRecord = errors.New("part of a TLS record was received on an idle connection")
	errIdleTimeout   = errors.New("the upstream ended the idle connection with status 408")
)

// A conn is a connection that speaks HTTP/1.1, one exchange after the other.
type conn struct {
	net.Conn  // with TLS, if the endpoint has it
	link      *link
	records   []*records    // of each TLS: of an https proxy, of the endpoint
	reader    *bufio.Reader // of the conn itself
	head      []byte        // of a request: the buffer is reused
	readable  int64         // bytes that may still be read
	received  bool          // something was read since the exchange began
	idleSince time.Time
}

// newConn makes a conn of a TCP connection to the endpoint or, if there is one, the proxy.
// If that fails, the connection is closed.
func newConn(ctx context.Context, tcp net.Conn, proxy *egress.Proxy, address string, secure *tls.Config) (*conn, error) {
	l := &link{Conn: tcp}
	c := &conn{Conn: l, link: l, readable: maxHeadBytes}
	c.reader = bufio.NewReader(c)
	err := c.tunnel(ctx, proxy, address)
	if err == nil && secure != nil {
		err = c.secure(ctx, secure)
	}
	if err != nil {
		l.abort()
		return nil, err
	}
	return c, nil
}

// tunnel has the proxy connect to the endpoint.
func (c *conn) tunnel(ctx context.Context, proxy *egress.Proxy, address string) error {
	if proxy == nil {
		return nil
	}
	if secure := proxy.TLS(); secure != nil {
		if err := c.secure(ctx, secure); err != nil {
			return &egress.Error{Err: err}
		}
	}
	return proxy.Connect(ctx, c.Conn, address)
}

// secure adds a layer of TLS.
func (c *conn) secure(ctx context.Context, config *tls.Config) error {
	r := &records{}
	secured := tls.Client(&recorded{c.Conn, r}, config)
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		return handshakeError(err)
	}
	c.records = append(c.records, r)
	c.Conn = secured
	return nil
}

// handshakeError returns ErrHTTP2 if the server rejects HTTP/1.1 by ALPN, else err.
func handshakeError(err error) error {
	const noApplicationProtocol tls.AlertError = 120
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" && alert.Err.Error() == noApplicationProtocol.Error() {
		return ErrHTTP2
	}
	return err
}

// begin is called before each exchange.
func (c *conn) begin() {
	c.received = false
	c.link.wrote.Store(false)
}

// Read limits how much is read of the head of a response.
func (c *conn) Read(p []byte) (int, error) {
	if c.readable <= 0 {
		return 0, errHeadTooLarge
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.readable)])
	c.readable -= int64(n)
	c.received = c.received || n > 0
	return n, err
}

// readHead reads the head of the response to r.
func (c *conn) readHead(r *http.Request) (*http.Response, error) {
	for range 1 + maxInterim {
		c.readable = maxHeadBytes
		if _, err := c.reader.Peek(1); err == nil && c.isHTTP2() {
			return nil, ErrHTTP2
		}
		response, err := http.ReadResponse(c.reader, r)
		if err != nil {
			return nil, err
		}
		if response.StatusCode/100 != 1 || response.StatusCode == http.StatusSwitchingProtocols {
			c.readable = math.MaxInt64
			return response, nil
		}
	}
	return nil, errInterim
}

// check returns nil if the connection is open and nothing was received on it since the
// last exchange, else why it must not be used: what arrived would pass for the next
// response. TLS shows a record only when it is complete, so part of one is an error, too.
func (c *conn) check() error {
	c.link.nonblocking = true
	_, err := c.reader.Peek(1)
	c.link.nonblocking = false
	switch {
	case err == nil && c.is408():
		return errIdleTimeout
	case err == nil:
		return errUnsolicited
	case !errors.Is(err, os.ErrDeadlineExceeded):
		return err
	case slices.ContainsFunc(c.records, (*records).begun):
		return errPartialRecord
	default:
		return nil
	}
}

// is408 reports whether what was received is a response of status 408. Some servers
// announce with it that they close an idle connection, so it is no sign of confusion.
func (c *conn) is408() bool {
	const head = len("HTTP/1.1 408")
	received, err := c.reader.Peek(min(head, c.reader.Buffered()))
	return err == nil && len(received) == head && string(received[:7]) == "HTTP/1." && string(received[8:]) == " 408"
}

// isHTTP2 reports whether what was received is a SETTINGS frame, with which every server
// of HTTP/2 begins (RFC 9113, 3.4). It has no line break that would end an HTTP/1.1 line.
func (c *conn) isHTTP2() bool {
	const frameHeader = 9
	b, err := c.reader.Peek(min(frameHeader, c.reader.Buffered()))
	return err == nil && len(b) == frameHeader && b[0] == 0 && string(b[3:]) == "\x04\x00\x00\x00\x00\x00"
}

// A link is the TCP connection below TLS. It knows whether bytes were written.
type link struct {
	net.Conn
	wrote       atomic.Bool
	nonblocking bool // Read does not wait
}

func (l *link) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if n > 0 {
		l.wrote.Store(true)
	}
	return n, err
}

func (l *link) Read(p []byte) (int, error) {
	if l.nonblocking {
		return readNonblocking(l.Conn, p)
	}
	return l.Conn.Read(p)
}

// abort closes the connection at once, without the close alert of TLS.
func (l *link) abort() { _ = l.Close() }

// validRequest reports whether a request can be written as HTTP. A line break would
// begin another header or another request. The path is always escaped.
func validRequest(r *http.Request) bool {
	if !httpguts.ValidHeaderFieldName(r.Method) || !httpguts.ValidHostHeader(r.Host) || !validQuery(r.URL.RawQuery) {
		return false
	}
	for name, values := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return false
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return false
			}
		}
	}
	return true
}

func validQuery(query string) bool {
	return !strings.ContainsFunc(query, func(r rune) bool { return r <= ' ' || r > '~' })
}

// appendHead appends the head of a valid request to b.
func appendHead(b []byte, r *http.Request, length int) []byte {
	b = append(append(append(b, r.Method...), ' '), r.URL.RequestURI()...)
	b = append(b, " HTTP/1.1\r\n"...)
	b = appendHeader(b, "Host", r.Host)
	if length > 0 || r.Method != http.MethodGet && r.Method != http.MethodDelete {
		b = appendHeader(b, "Content-Length", strconv.Itoa(length))
	}
	for name, values := range r.Header {
		for _, value := range values {
			b = appendHeader(b, name, value)
		}
	}
	return append(b, "\r\n"...)
}

func appendHeader(b []byte, name, value string) []byte {
	b = append(append(b, name...), ": "...)
	return append(append(b, value...), "\r\n"...)
}
