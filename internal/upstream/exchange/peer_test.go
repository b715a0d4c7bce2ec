//go:build unix

package exchange

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

const (
	good  = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
	stray = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstray"
)

// A line is one connection, seen from the server.
type line struct {
	net.Conn // with TLS, where there is
	wire     *wire
	n        int64 // 1 is the first
	reader   *bufio.Reader
}

// A wire is what a line is made on, below TLS. What is written to it waits for
// release while it is held.
type wire struct {
	*net.TCPConn
	held    bool
	waiting []byte
}

func (w *wire) Write(p []byte) (int, error) {
	if !w.held {
		return w.TCPConn.Write(p)
	}
	w.waiting = append(w.waiting, p...)
	return len(p), nil
}

// release sends what waits, in one piece and but for the last keep bytes.
func (w *wire) release(keep int) {
	last := len(w.waiting) - keep
	_, _ = w.TCPConn.Write(w.waiting[:last])
	w.waiting = w.waiting[last:]
}

// next reads a request whole, and returns its body.
func (l *line) next() (string, bool) {
	r, err := http.ReadRequest(l.reader)
	if err != nil {
		return "", false
	}
	body, err := io.ReadAll(r.Body)
	return string(body), err == nil
}

func (l *line) say(s string) { _, _ = io.WriteString(l, s) }

// answer answers all requests alike.
func (l *line) answer(s string) {
	for _, ok := l.next(); ok; _, ok = l.next() {
		l.say(s)
	}
}

// A peer is a server that speaks as a test has it speak.
type peer struct {
	*Transport
	lines atomic.Int64 // made so far
}

// newPeer gives each connection to serve, which ends it by returning. What a test
// leaves open is closed with it.
func newPeer(t *testing.T, secure bool, serve func(*line)) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{Transport: New(&url.URL{Scheme: "http", Host: listener.Addr().String()}, Options{})}
	var server *tls.Config
	if secure {
		server, p.tls = certified(t)
	}
	var open sync.Map
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			open.Store(c, nil)
			w := &wire{TCPConn: c.(*net.TCPConn)}
			l := &line{Conn: w, wire: w, n: p.lines.Add(1)}
			if secure {
				l.Conn = tls.Server(w, server)
			}
			l.reader = bufio.NewReader(l)
			serving.Go(func() {
				defer l.Close()
				serve(l)
			})
		}
	})
	t.Cleanup(func() {
		p.Close()
		_ = listener.Close()
		open.Range(func(c, _ any) bool { _ = c.(net.Conn).Close(); return true })
		serving.Wait()
	})
	return p
}

// certified makes the two ends of TLS on 127.0.0.1.
func certified(t *testing.T) (server, client *tls.Config) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return &tls.Config{Certificates: s.TLS.Certificates}, &tls.Config{ServerName: "127.0.0.1", RootCAs: roots, MinVersion: tls.VersionTLS12}
}

func (p *peer) wantLines(t *testing.T, want int64) {
	t.Helper()
	if got := p.lines.Load(); got != want {
		t.Errorf("%d connections were made, want %d", got, want)
	}
}

func request(method string) *http.Request {
	return &http.Request{Method: method, URL: &url.URL{Path: "/v1"}, Host: "dli", Header: http.Header{"X-Project-Id": {"p"}}}
}

// ask makes an exchange, and reads its answer whole. One that hangs fails.
func (t *Transport) ask(ctx context.Context, method, body string) (status int, answer string, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	response, sent, err := t.RoundTrip(ctx, request(method), []byte(body))
	if err != nil {
		return 0, "", sent, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), sent, err
}

// want makes an exchange that must go well.
func (t *Transport) want(tb testing.TB, method, answer string) {
	tb.Helper()
	if _, got, sent, err := t.ask(tb.Context(), method, "{}"); err != nil || got != answer || !sent {
		tb.Fatalf("%s: %q, sent %t, %v, want %q", method, got, sent, err, answer)
	}
}

// begin begins n exchanges at once, and returns what ends them.
func (t *Transport) begin(tb testing.TB, n int) (end func()) {
	tb.Helper()
	bodies := make([]io.ReadCloser, n)
	for i := range bodies {
		response, _, err := t.RoundTrip(tb.Context(), request(http.MethodGet), nil)
		if err != nil {
			tb.Fatal(err)
		}
		bodies[i] = response.Body
	}
	return func() {
		for _, body := range bodies {
			_, _ = io.ReadAll(body)
			_ = body.Close()
		}
	}
}

// heard waits until something, an end too, has come on the idle connection.
func (t *Transport) heard(tb testing.TB) {
	tb.Helper()
	t.mu.Lock()
	c := t.idle[0].link.Conn
	t.mu.Unlock()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	awaitBytes(raw)
}

func awaitBytes(raw syscall.RawConn) {
	_ = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return !errors.Is(err, syscall.EAGAIN)
	})
}

func overBoth(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("TLS", func(t *testing.T) { test(t, true) })
}

// pipes makes a transport in a bubble whose connections a server answers in memory.
// It counts those that are open.
func pipes() (to *Transport, open *atomic.Int64) {
	open = new(atomic.Int64)
	return New(&url.URL{Scheme: "http", Host: "dli"}, Options{Dial: func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		open.Add(1)
		go func() {
			defer open.Add(-1)
			(&line{Conn: far, reader: bufio.NewReader(far)}).answer(good)
		}()
		return near, nil
	}}), open
}

func wantOpen(t *testing.T, open *atomic.Int64, want int64) {
	t.Helper()
	synctest.Wait()
	if got := open.Load(); got != want {
		t.Errorf("%d connections are open, want %d", got, want)
	}
}

// A faulty connection fails every write once broken is set, as a socket does that
// the other end has reset; after taken bytes, if that is more than 0.
type faulty struct {
	net.Conn
	broken *atomic.Bool
	taken  int
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.broken.Load() {
		n, _ := f.Conn.Write(p[:min(f.taken, len(p))])
		return n, syscall.EPIPE
	}
	return f.Conn.Write(p)
}
