//go:build unix

package exchange

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// A connection serves again after an answer that came whole and says nothing against
// it, and after no other.
func TestWhatIsUsedAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer, body string
		again        bool
	}{
		"length":           {good, "good", true},
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
			response, _, err := p.RoundTrip(ctx, request(http.MethodGet), nil)
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
		response, _, err := p.RoundTrip(t.Context(), request(http.MethodGet), nil)
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
