//go:build unix

package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
)

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
	p.dial = func(context.Context) (net.Conn, error) { return nil, syscall.ECONNREFUSED }
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
				response, sent, err := p.RoundTrip(t.Context(), request(http.MethodPost), body)
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
			connect := p.dial
			p.dial = func(ctx context.Context) (net.Conn, error) {
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
