//go:build unix

package upstream

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
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
	*transport
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
	p := &peer{transport: newTransport(&url.URL{Scheme: "http", Host: listener.Addr().String()})}
	var server *tls.Config
	if secure {
		server, p.secure = certified(t)
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
		p.close()
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

func request(method string) *http.Request {
	return &http.Request{Method: method, URL: &url.URL{Path: "/v1"}, Host: "dli", Header: http.Header{"X-Project-Id": {"p"}}}
}

// ask makes an exchange, and reads its answer whole. One that hangs fails.
func (t *transport) ask(ctx context.Context, method, body string) (status int, answer string, sent bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	response, sent, err := t.roundTrip(ctx, request(method), []byte(body))
	if err != nil {
		return 0, "", sent, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), sent, err
}

// want makes an exchange that must go well.
func (t *transport) want(tb testing.TB, method, answer string) {
	tb.Helper()
	if _, got, sent, err := t.ask(tb.Context(), method, "{}"); err != nil || got != answer || !sent {
		tb.Fatalf("%s: %q, sent %t, %v, want %q", method, got, sent, err, answer)
	}
}

func (p *peer) wantLines(t *testing.T, want int64) {
	t.Helper()
	if got := p.lines.Load(); got != want {
		t.Errorf("%d connections were made, want %d", got, want)
	}
}

// heard waits until something, an end too, has come on the idle connection.
func (t *transport) heard(tb testing.TB) {
	tb.Helper()
	t.mu.Lock()
	c := t.idle[0].link.Conn
	t.mu.Unlock()
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		tb.Fatal(err)
	}
	_ = raw.Read(func(fd uintptr) bool {
		_, _, err := syscall.Recvfrom(int(fd), make([]byte, 1), syscall.MSG_PEEK)
		return !errors.Is(err, syscall.EAGAIN)
	})
}

func overBoth(t *testing.T, test func(t *testing.T, secure bool)) {
	t.Run("plain", func(t *testing.T) { test(t, false) })
	t.Run("TLS", func(t *testing.T) { test(t, true) })
}

// A connection serves again after an answer that came whole and says nothing against
// it, and after no other.
func TestWhatIsUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer, body string
		again        bool
	}{
		"length":           {good, "good", true},
		"length 0":         {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", true},
		"chunked":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\ngo\r\n2\r\nod\r\n0\r\n\r\n", "good", true},
		"trailer":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: T\r\n\r\n4\r\ngood\r\n0\r\nT: 1\r\n\r\n", "good", true},
		"204":              {"HTTP/1.1 204 No Content\r\n\r\n", "", true},
		"error":            {"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", "no", true},
		"interim":          {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + good, "good", true},
		"1.0, kept":        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\ngood", "good", true},
		"close":            {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\ngood", "good", false},
		"1.0":              {"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\ngood", "good", false},
		"1.0, chunked":     {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", false},
		"101":              {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", "", false},
		"no status":        {"HTTP/1.1 099 What\r\nContent-Length: 0\r\n\r\n", "", false},
		"204 and a body":   {"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nstray", "", false},
		"two answers":      {good + stray, "good", false},
		"empty line after": {good + "\r\n", "good", false},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				p := newPeer(t, secure, func(l *line) {
					if !strings.HasSuffix(name, "chunked") || strings.HasPrefix(c.answer, "HTTP/1.1") {
						l.answer(c.answer)
					} else if _, ok := l.next(); ok {
						l.say(c.answer) // it ends with the connection
					}
				})
				for range 3 {
					p.want(t, http.MethodPost, c.body)
				}
				want := int64(3)
				if c.again {
					want = 1
				}
				p.wantLines(t, want)
			})
		})
	}
}

// What a caller leaves of an answer, or is called away from, is in no other's.
func TestNotUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		late  int // bytes of the answer that come when the next request does
		leave func(cancel func(), body io.Reader)
	}{
		"unread":       {0, func(func(), io.Reader) {}},
		"half read":    {0, func(_ func(), body io.Reader) { _, _ = body.Read(make([]byte, 2)) }},
		"yet to come":  {4, func(func(), io.Reader) {}},
		"rest to come": {2, func(_ func(), body io.Reader) { _, _ = body.Read(make([]byte, 2)) }},
		"given up":     {0, func(cancel func(), body io.Reader) { _, _ = io.ReadAll(body); cancel() }},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, false, func(l *line) {
				late := 0
				if l.n == 1 {
					late = c.late
				}
				for _, ok := l.next(); ok; _, ok = l.next() {
					l.say(good[:len(good)-late])
					if late > 0 {
						_, _ = l.next()
						l.say(good[len(good)-late:])
					}
				}
			})
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			response, _, err := p.roundTrip(ctx, request(http.MethodGet), nil)
			if err != nil {
				t.Fatal(err)
			}
			c.leave(cancel, response.Body)
			_ = response.Body.Close()
			p.want(t, http.MethodPost, "good")
			p.wantLines(t, 2)
		})
	}
}

// Who closes an answer twice does not close the connection of the next one.
func TestClosedTwice(t *testing.T) {
	p := newPeer(t, false, func(l *line) { l.answer(good) })
	for range 2 {
		response, _, err := p.roundTrip(t.Context(), request(http.MethodGet), nil)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.ReadAll(response.Body)
		_ = response.Body.Close()
		_ = response.Body.Close()
	}
	p.wantLines(t, 1)
}

// A connection that was closed while idle is seen to be: a POST goes on a new one.
func TestClosedWhileIdle(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		var arrived atomic.Int64
		p := newPeer(t, secure, func(l *line) {
			if _, ok := l.next(); ok {
				arrived.Add(1)
				l.say(good)
			}
		})
		for n := range int64(3) {
			p.want(t, http.MethodPost, "good")
			p.heard(t)
			p.wantLines(t, n+1)
		}
		if got := arrived.Load(); got != 3 {
			t.Errorf("%d requests arrived, want 3", got)
		}
	})
}

// What a server says that nobody asked for is no answer: not where it comes with the
// end of one, nor later, nor where its end has yet to come.
func TestUnasked(t *testing.T) {
	for name, c := range map[string]struct {
		later bool
		keep  int
	}{
		"with the answer": {false, 0}, "half of it with the answer": {false, 8}, "its first bytes with the answer": {false, 62},
		"later": {true, 0}, "half of it later": {true, 8},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				speak := make(chan struct{})
				p := newPeer(t, secure, func(l *line) {
					if _, ok := l.next(); !ok || l.n > 1 {
						l.say(good)
						return
					}
					l.wire.held = true
					l.say(good)
					if c.later {
						l.wire.release(0)
						<-speak
					}
					unsaid := len(l.wire.waiting)
					l.say(stray)
					l.wire.release(min(c.keep, len(l.wire.waiting)-unsaid-1))
					_, _ = l.next()
					l.wire.release(0)
				})
				p.want(t, http.MethodPost, "good")
				if close(speak); c.later {
					p.heard(t)
				}
				p.want(t, http.MethodPost, "good")
				p.wantLines(t, 2)
			})
		})
	}
}

// A GET to which nothing was answered on a connection that had served before is sent
// again, on a new one. A POST of which bytes left is not, nor what fails on a new
// connection, nor what was answered in part.
func TestBrokenWhenUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		method, answer string
		before         int // requests that are answered well
		arrive         int64
		fails          bool
	}{
		"GET":                   {http.MethodGet, "", 1, 2, false},
		"GET, new":              {http.MethodGet, "", 0, 1, true},
		"GET, partly answered":  {http.MethodGet, "H", 1, 1, true},
		"GET, interim answered": {http.MethodGet, "HTTP/1.1 102 Processing\r\n\r\n", 1, 1, true},
		"POST":                  {http.MethodPost, "", 1, 1, true},
		"POST, new":             {http.MethodPost, "", 0, 1, true},
		"DELETE":                {http.MethodDelete, "", 1, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				var arrived atomic.Int64
				p := newPeer(t, secure, func(l *line) {
					if l.n > 1 {
						_, _ = l.next()
						arrived.Add(1)
						l.say(good)
						return
					}
					for range c.before {
						_, _ = l.next()
						l.say(good)
					}
					_, _ = l.next()
					arrived.Add(1)
					l.say(c.answer)
				})
				for range c.before {
					p.want(t, http.MethodPost, "good")
				}
				_, _, sent, err := p.ask(t.Context(), c.method, "")
				if (err != nil) != c.fails || !sent {
					t.Errorf("sent %t, %v, want an error: %t", sent, err, c.fails)
				}
				if got := arrived.Load(); got != c.arrive {
					t.Errorf("%d requests arrived, want %d", got, c.arrive)
				}
			})
		})
	}
}

// What has left once has left, also where it cannot leave again.
func TestBrokenAndThenUnreachable(t *testing.T) {
	p := newPeer(t, false, func(l *line) {
		_, _ = l.next()
		l.say(good)
		_, _ = l.next()
	})
	p.want(t, http.MethodGet, "good")
	p.connect = func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
	if _, _, sent, err := p.ask(t.Context(), http.MethodGet, ""); !errors.Is(err, syscall.ECONNREFUSED) || !sent {
		t.Errorf("sent %t, %v, want true, %v", sent, err, syscall.ECONNREFUSED)
	}
}

// A large body that is refused before it was read is refused at once, however the
// server goes on. The body is the caller's again then.
func TestLargeBodyRefused(t *testing.T) {
	const refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nbig"
	for name, after := range map[string]func(l *line){
		"unread":      func(*line) {},
		"closed":      func(*line) {},
		"half closed": func(l *line) { _ = l.wire.CloseWrite() },
		"reset":       func(l *line) { _ = l.wire.SetLinger(0); _ = l.wire.Close() },
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				done := make(chan struct{})
				p := newPeer(t, secure, func(l *line) {
					if l.n > 1 {
						l.answer(good)
						return
					}
					if _, err := http.ReadRequest(l.reader); err == nil {
						l.say(refusal)
					}
					if after(l); name != "closed" {
						<-done
					}
				})
				defer close(done)
				body := make([]byte, 16<<20)
				response, sent, err := p.roundTrip(t.Context(), request(http.MethodPost), body)
				if err != nil || !sent || response.StatusCode != http.StatusRequestEntityTooLarge {
					t.Fatalf("%v, sent %t, %v, want 413", response, sent, err)
				}
				if text, err := io.ReadAll(response.Body); err != nil || string(text) != "big" {
					t.Errorf("%q, %v", text, err)
				}
				_ = response.Body.Close()
				clear(body) // which the race detector sees
				p.want(t, http.MethodPost, "good")
				p.wantLines(t, 2)
			})
		})
	}
}

// A large body that arrives whole leaves its connection for the next one.
func TestLargeBodyTaken(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		body := strings.Repeat("x", 1<<20)
		p := newPeer(t, secure, func(l *line) {
			for got, ok := l.next(); ok; got, ok = l.next() {
				l.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n%7d", len(got)))
			}
		})
		for range 3 {
			if _, got, _, err := p.ask(t.Context(), http.MethodPost, body); err != nil || got != "1048576" {
				t.Fatalf("got %q, %v", got, err)
			}
		}
		p.wantLines(t, 1)
	})
}

// A large body that cannot be written is not waited for, though no answer comes.
func TestLargeBodyBroken(t *testing.T) {
	for taken, sent := range []bool{false, true} {
		t.Run(fmt.Sprintf("%d bytes taken", taken), func(t *testing.T) {
			p := newPeer(t, false, func(l *line) { _, _ = l.next() })
			broken := new(atomic.Bool)
			broken.Store(true)
			connect := p.connect
			p.connect = func(ctx context.Context) (net.Conn, error) {
				c, err := connect(ctx)
				return &faulty{Conn: c, broken: broken, taken: taken}, err
			}
			_, _, got, err := p.ask(t.Context(), http.MethodPost, strings.Repeat("x", 1<<20))
			if !errors.Is(err, syscall.EPIPE) || got != sent {
				t.Errorf("sent %t, %v, want %t, %v", got, err, sent, syscall.EPIPE)
			}
			p.wantLines(t, 1)
		})
	}
}

var errGone = errors.New("the caller has gone")

// A call that is given up ends then, wherever it is, with the reason; and what is
// said of it having left is true.
func TestGivenUp(t *testing.T) {
	for name, c := range map[string]struct {
		body  int
		serve func(l *line) // up to the moment at which the call is given up
		sent  bool
	}{
		"handshake":  {0, func(l *line) { _, _ = l.wire.Read(make([]byte, 1)) }, false},
		"body":       {16 << 20, func(l *line) { _, _ = http.ReadRequest(l.reader) }, true},
		"head":       {2, func(l *line) { _, _ = l.next() }, true},
		"large head": {1 << 20, func(l *line) { _, _ = l.next(); l.say("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 20") }, true},
		"answer":     {2, func(l *line) { _, _ = l.next(); l.say(good[:len(good)-1]) }, true},
		"chunk": {2, func(l *line) {
			_, _ = l.next()
			l.say("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ngood\r\n")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) {
				if name == "handshake" && !secure {
					return
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				ended := make(chan struct{})
				p := newPeer(t, secure, func(l *line) {
					c.serve(l)
					cancel(errGone)
					<-ended
				})
				defer close(ended)
				_, _, sent, err := p.ask(ctx, http.MethodPost, strings.Repeat("x", c.body))
				if !errors.Is(err, errGone) || sent != c.sent {
					t.Errorf("sent %t, %v, want %t, %v", sent, err, c.sent, errGone)
				}
				if len(p.idle) > 0 {
					t.Error("the connection is kept")
				}
			})
		})
	}
}

func TestGivenUpWhileConnecting(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	to := &transport{connect: func(ctx context.Context) (net.Conn, error) {
		cancel(errGone)
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	if _, _, sent, err := to.ask(ctx, http.MethodPost, "{}"); !errors.Is(err, errGone) || sent {
		t.Errorf("sent %t, %v, want false, %v", sent, err, errGone)
	}
}

// A server that does not greet is not waited for as long as the call has.
func TestHandshakeTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		to.secure = &tls.Config{ServerName: "dli", MinVersion: tls.VersionTLS12}
		connect := to.connect
		to.connect = func(ctx context.Context) (net.Conn, error) {
			c, err := connect(ctx)
			return &mute{c}, err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*handshakeTimeout)
		defer cancel()
		start := time.Now()
		_, sent, err := to.roundTrip(ctx, request(http.MethodPost), nil)
		if !errors.Is(err, context.DeadlineExceeded) || sent || time.Since(start) != handshakeTimeout {
			t.Errorf("sent %t, %v after %v", sent, err, time.Since(start))
		}
		wantOpen(t, open, 0)
	})
}

// A mute connection loses what is written to it.
type mute struct{ net.Conn }

func (*mute) Write(p []byte) (int, error) { return len(p), nil }

// A call that was given up before, or that HTTP cannot express, is not sent, and
// costs no connection.
func TestNotSent(t *testing.T) {
	gone, cancel := context.WithCancelCause(t.Context())
	cancel(errGone)
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header[name] = []string{"p", value} }
	}
	for name, c := range map[string]struct {
		ctx    context.Context
		change func(*http.Request)
		want   error
	}{
		"given up":        {gone, func(*http.Request) {}, errGone},
		"value with CRLF": {t.Context(), header("X-Project-Id", "p\r\nX-Auth-Token: x"), errRequest},
		"value with LF":   {t.Context(), header("X-Project-Id", "p\n"), errRequest},
		"value with CR":   {t.Context(), header("X-Project-Id", "p\rx"), errRequest},
		"value with NUL":  {t.Context(), header("X-Project-Id", "p\x00"), errRequest},
		"name with CRLF":  {t.Context(), header("X\r\nX-Auth-Token", "p"), errRequest},
		"name with colon": {t.Context(), header("X:", "p"), errRequest},
		"no name":         {t.Context(), header("", "p"), errRequest},
		"host":            {t.Context(), func(r *http.Request) { r.Host = "dli\r\nX: y" }, errRequest},
		"query":           {t.Context(), func(r *http.Request) { r.URL.RawQuery = "x HTTP/1.1\r\nX: y" }, errRequest},
		"query, space":    {t.Context(), func(r *http.Request) { r.URL.RawQuery = "x y" }, errRequest},
		"method":          {t.Context(), func(r *http.Request) { r.Method = "GET / HTTP/1.1\r\nX:" }, errRequest},
	} {
		t.Run(name, func(t *testing.T) {
			var arrived atomic.Int64
			p := newPeer(t, false, func(l *line) {
				for _, ok := l.next(); ok; _, ok = l.next() {
					arrived.Add(1)
					l.say(good)
				}
			})
			p.want(t, http.MethodPost, "good")
			r := request(http.MethodPost)
			c.change(r)
			if _, sent, err := p.roundTrip(c.ctx, r, []byte("{}")); !errors.Is(err, c.want) || sent {
				t.Errorf("sent %t, %v, want false, %v", sent, err, c.want)
			}
			p.want(t, http.MethodPost, "good")
			if got := arrived.Load(); got != 2 {
				t.Errorf("%d requests arrived, want 2", got)
			}
			p.wantLines(t, 1)
		})
	}
}

// A path cannot leave the line of the request: what does not belong there is escaped.
func TestPathIsEscaped(t *testing.T) {
	r := request(http.MethodGet)
	r.URL.Path, r.URL.RawPath = "/a b\r\nX: y", "/a b\r\nX: y"
	head := string(appendHead(nil, r, 0))
	if want := "GET /a%20b%0D%0AX:%20y HTTP/1.1\r\nHost: dli\r\nX-Project-Id: p\r\n\r\n"; head != want {
		t.Errorf("got %q, want %q", head, want)
	}
}

// Neither a head without an end nor answers before the answer go on for ever.
func TestBoundsOfTheHead(t *testing.T) {
	interim := "HTTP/1.1 102 Processing\r\n\r\n"
	field := "X: " + strings.Repeat("x", 1<<10-5) + "\r\n"
	for name, c := range map[string]struct {
		answer string
		want   error
	}{
		"interim answers":          {strings.Repeat(interim, maxInterim) + good, nil},
		"too many interim answers": {strings.Repeat(interim, maxInterim+1) + good, errInterim},
		"large head":               {"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 250) + "Content-Length: 4\r\n\r\ngood", nil},
		"too large a head":         {"HTTP/1.1 200 OK\r\n" + strings.Repeat(field, 300) + "Content-Length: 4\r\n\r\ngood", errHeadTooLarge},
		"one line":                 {"HTTP/1.1 200 " + strings.Repeat("x", maxHeadBytes), errHeadTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPeer(t, false, func(l *line) { l.answer(c.answer) })
			if _, _, sent, err := p.ask(t.Context(), http.MethodPost, "{}"); !errors.Is(err, c.want) || !sent {
				t.Errorf("sent %t, %v, want true, %v", sent, err, c.want)
			}
		})
	}
}

// Each call gets its own answer, while others are given up at any moment.
func TestEachItsOwn(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		p := newPeer(t, secure, func(l *line) {
			for got, ok := l.next(); ok; got, ok = l.next() {
				l.say(fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(got), got))
			}
		})
		var calls sync.WaitGroup
		for caller := range 4 {
			calls.Go(func() {
				for n := range 100 {
					body := fmt.Sprintf("%d of %d", n, caller)
					if n%10 == 0 {
						body += strings.Repeat(".", 2*smallBody)
					}
					ctx, cancel := context.WithCancel(t.Context())
					if n%2 == 0 {
						go cancel()
					}
					_, got, _, err := p.ask(ctx, http.MethodPost, body)
					if ctx.Err() == nil && err != nil || err == nil && got != body {
						t.Errorf("%.20q: %.20q, %v", body, got, err)
					}
					cancel()
				}
			})
		}
		calls.Wait()
	})
}

// pipes makes a transport in a bubble whose connections a server answers in memory.
// It counts those that are open.
func pipes() (to *transport, open *atomic.Int64) {
	open = new(atomic.Int64)
	return &transport{connect: func(context.Context) (net.Conn, error) {
		near, far := net.Pipe()
		open.Add(1)
		go func() {
			defer open.Add(-1)
			(&line{Conn: far, reader: bufio.NewReader(far)}).answer(good)
		}()
		return near, nil
	}}, open
}

func wantOpen(t *testing.T, open *atomic.Int64, want int64) {
	t.Helper()
	synctest.Wait()
	if got := open.Load(); got != want {
		t.Errorf("%d connections are open, want %d", got, want)
	}
}

// begin begins n exchanges at once, and returns what ends them.
func (t *transport) begin(tb testing.TB, n int) (end func()) {
	tb.Helper()
	bodies := make([]io.ReadCloser, n)
	for i := range bodies {
		response, _, err := t.roundTrip(tb.Context(), request(http.MethodGet), nil)
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

// An idle connection is closed when its time is over: each at its own.
func TestIdleForTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		to.begin(t, 2)()
		time.Sleep(idleTimeout / 2)
		to.want(t, http.MethodGet, "good")
		time.Sleep(idleTimeout / 2)
		wantOpen(t, open, 1)
		time.Sleep(idleTimeout / 2)
		wantOpen(t, open, 0)
		to.want(t, http.MethodGet, "good")
		time.Sleep(idleTimeout)
		wantOpen(t, open, 0)
	})
}

// No more than so many connections are kept.
func TestTooManyIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		end := to.begin(t, maxIdle+2)
		wantOpen(t, open, maxIdle+2)
		end()
		wantOpen(t, open, maxIdle)
		to.close()
		wantOpen(t, open, 0)
	})
}

// A closed transport keeps nothing: what is under way ends, and its connection with it.
func TestClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		end := to.begin(t, 2)
		to.begin(t, 1)()
		wantOpen(t, open, 3)
		to.close()
		wantOpen(t, open, 2)
		end()
		wantOpen(t, open, 0)
		if to.idle != nil {
			t.Error("connections are kept")
		}
	})
}
