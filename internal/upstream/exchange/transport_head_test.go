//go:build unix

package exchange

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

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
			if _, sent, err := p.RoundTrip(c.ctx, r, []byte("{}")); !errors.Is(err, c.want) || sent {
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
