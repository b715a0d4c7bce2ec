//go:build unix

package exchange

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// watched makes the options of a Transport that is looked at.
func watched() (o Options, log *bytes.Buffer) {
	log = new(bytes.Buffer)
	return Options{Log: slog.New(slog.NewTextHandler(log, nil)), Unsolicited: new(atomic.Int64)}, log
}

// Bytes that nobody asked for are counted, and no connection is reused for a while:
// neither one that was idle, nor one in use at the time, nor a later one.
func TestNoReuseAfterUnsolicitedBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		to, open := pipes()
		o, log := watched()
		to.log, to.unsolicited = o.Log, o.Unsolicited
		to.begin(t, 2)()
		inUse := to.begin(t, 3)
		wantOpen(t, open, 3)
		inUse()
		wantOpen(t, open, 3)

		inUse = to.begin(t, 1)
		// What is left of a response that was longer than it said.
		dirty := to.idle[len(to.idle)-1]
		dirty.reader = bufio.NewReader(strings.NewReader("stray"))
		for range 3 {
			to.want(t, http.MethodPost, "good")
			wantOpen(t, open, 1) // the one in use
		}
		inUse()
		wantOpen(t, open, 0)
		if got := to.unsolicited.Load(); got != 1 {
			t.Errorf("%d connections were counted, want 1", got)
		}
		time.Sleep(noReuse)
		to.want(t, http.MethodPost, "good")
		wantOpen(t, open, 1)
		if got := strings.Count(log.String(), "\n"); got != 1 {
			t.Errorf("%d lines were logged:\n%s", got, log)
		}
		to.Close()
	})
}

// A new connection on which bytes arrive before the request is not used, and the
// request is not sent. It is counted each time, and logged once a minute.
func TestUnsolicitedBytesOnANewConnection(t *testing.T) {
	overBoth(t, func(t *testing.T, secure bool) {
		var asked atomic.Int64
		p := newPeer(t, secure, func(l *line) {
			l.say(stray)
			if _, ok := l.next(); ok {
				asked.Add(1)
			}
		})
		o, log := watched()
		p.log, p.unsolicited = o.Log, o.Unsolicited
		const times = 3
		dial := p.dial
		p.dial = func(ctx context.Context) (net.Conn, error) {
			c, err := dial(ctx)
			return &late{c.(*net.TCPConn)}, err
		}
		for range times {
			if _, _, sent, err := p.ask(t.Context(), http.MethodPost, "{}"); !errors.Is(err, errUnsolicited) || sent {
				t.Errorf("sent %t, %v, want false, %v", sent, err, errUnsolicited)
			}
		}
		if got := p.unsolicited.Load(); got != times {
			t.Errorf("%d connections were counted, want %d", got, times)
		}
		if got := strings.Count(log.String(), "\n"); got != 1 {
			t.Errorf("%d lines were logged:\n%s", got, log)
		}
		if got := asked.Load(); got != 0 {
			t.Errorf("%d requests arrived", got)
		}
	})
}

// A late connection is checked only when there is something to read.
type late struct{ *net.TCPConn }

func (c *late) SyscallConn() (syscall.RawConn, error) {
	raw, err := c.TCPConn.SyscallConn()
	if err == nil {
		awaitBytes(raw)
	}
	return raw, err
}

// Some servers announce that they close an idle connection: that is no confusion.
func TestIdleTimeoutIsNotUnsolicited(t *testing.T) {
	const timeout = "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
	overBoth(t, func(t *testing.T, secure bool) {
		p := newPeer(t, secure, func(l *line) {
			if _, ok := l.next(); ok {
				l.say(good)
				l.say(timeout)
			}
		})
		o, log := watched()
		p.log, p.unsolicited = o.Log, o.Unsolicited
		for range 2 {
			p.want(t, http.MethodPost, "good")
			p.heard(t)
		}
		if p.unsolicited.Load() != 0 || log.Len() > 0 || !p.noReuseUntil.IsZero() {
			t.Errorf("%d connections were counted, logged: %s", p.unsolicited.Load(), log)
		}
	})
}

// The zero Options are valid.
func TestUnsolicitedBytesWithoutALog(t *testing.T) {
	to := New(&url.URL{Scheme: "http", Host: "dli"}, Options{})
	near, far := net.Pipe()
	_ = far.Close()
	to.discard(&conn{Conn: near, link: &link{Conn: near}}, errUnsolicited)
	if to.keep(nil) {
		t.Error("a connection is kept")
	}
}
