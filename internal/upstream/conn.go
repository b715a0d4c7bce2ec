package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

const (
	// maxHeadBytes bounds the head of an answer.
	maxHeadBytes = 256 << 10
	// maxInterim bounds the answers of status 1xx before the one that counts.
	maxInterim = 5
)

var (
	errHeadTooLarge = errors.New("the head of the answer is larger than 256 KiB")
	errInterim      = errors.New("the answer does not get beyond status 1xx")
	errRequest      = errors.New("the head of the request would hold what HTTP does not allow")
)

// A conn is a connection that speaks HTTP/1.1, one exchange after the other.
type conn struct {
	net.Conn  // with TLS, where there is
	link      *link
	reader    *bufio.Reader // of the conn itself
	head      []byte        // of a request: the buffer is kept for the next one
	readable  int64         // how much may still be read
	answered  bool          // something was read since the exchange began
	idleSince time.Time
}

// newConn makes a conn of a TCP connection.
func newConn(ctx context.Context, tcp net.Conn, secure *tls.Config) (*conn, error) {
	l := &link{Conn: tcp}
	c := &conn{Conn: l, link: l}
	c.reader = bufio.NewReader(c)
	if secure == nil {
		return c, nil
	}
	l.records = &records{}
	secured := tls.Client(l, secure)
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secured.HandshakeContext(ctx); err != nil {
		l.abort()
		return nil, err
	}
	c.Conn = secured
	return c, nil
}

// begin is called before each exchange.
func (c *conn) begin() {
	c.answered = false
	c.link.wrote.Store(false)
}

// Read bounds what is read of the head of an answer.
func (c *conn) Read(p []byte) (int, error) {
	if c.readable <= 0 {
		return 0, errHeadTooLarge
	}
	n, err := c.Conn.Read(p[:min(int64(len(p)), c.readable)])
	c.readable -= int64(n)
	c.answered = c.answered || n > 0
	return n, err
}

// readHead reads the head of the answer to r.
func (c *conn) readHead(r *http.Request) (*http.Response, error) {
	for range 1 + maxInterim {
		c.readable = maxHeadBytes
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

// quiet reports whether the other end still holds an idle connection, and has said
// nothing on it: what it says before it is asked would pass for the next answer. TLS
// shows a record only when it is there whole, so one that has begun counts, too.
func (c *conn) quiet() bool {
	c.link.atOnce = true
	_, err := c.reader.Peek(1)
	c.link.atOnce = false
	return errors.Is(err, os.ErrDeadlineExceeded) && !c.link.inRecord()
}

// A link is what a conn is made on, below TLS. It knows whether bytes left.
type link struct {
	net.Conn
	wrote   atomic.Bool
	atOnce  bool     // Read does not wait
	records *records // of TLS; nil: plaintext
}

func (l *link) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	if n > 0 {
		l.wrote.Store(true)
	}
	return n, err
}

func (l *link) Read(p []byte) (n int, err error) {
	if l.atOnce {
		n, err = readAtOnce(l.Conn, p)
	} else {
		n, err = l.Conn.Read(p)
	}
	if l.records != nil {
		l.records.add(p[:n])
	}
	return n, err
}

// inRecord reports whether a record of TLS has come in part.
func (l *link) inRecord() bool { return l.records != nil && l.records.begun() }

// abort ends all that is under way on the link, at once: TLS does not say goodbye.
func (l *link) abort() { _ = l.Close() }

// expressible reports whether HTTP can say what a request holds: a line break would
// begin a header of its own, or another request. A path is escaped in any case.
func expressible(r *http.Request) bool {
	if !httpguts.ValidHeaderFieldName(r.Method) || !httpguts.ValidHostHeader(r.Host) || !plain(r.URL.RawQuery) {
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

// appendHead appends the head of a request, which must be expressible, to b.
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
