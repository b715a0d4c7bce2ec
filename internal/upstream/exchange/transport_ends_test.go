//go:build unix

package exchange

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

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
	to := &Transport{dial: func(ctx context.Context) (net.Conn, error) {
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
		to.tls = &tls.Config{ServerName: "dli", MinVersion: tls.VersionTLS12}
		connect := to.dial
		to.dial = func(ctx context.Context) (net.Conn, error) {
			c, err := connect(ctx)
			return &mute{c}, err
		}
		ctx, cancel := context.WithTimeout(t.Context(), 2*handshakeTimeout)
		defer cancel()
		start := time.Now()
		_, sent, err := to.RoundTrip(ctx, request(http.MethodPost), nil)
		if !errors.Is(err, context.DeadlineExceeded) || sent || time.Since(start) != handshakeTimeout {
			t.Errorf("sent %t, %v after %v", sent, err, time.Since(start))
		}
		wantOpen(t, open, 0)
	})
}

// A mute connection loses what is written to it.
type mute struct{ net.Conn }

func (*mute) Write(p []byte) (int, error) { return len(p), nil }

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
