package restapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"
)

// A body reads the body of a request. Only bytes that have arrived count against the
// limits: what was announced may never come.
type body struct {
	io.ReadCloser                 // bounded; nil until start
	exchange      *exchange       // whose request it is of
	ctx           context.Context // of the call; it ends by its deadline, or when the caller leaves
	conn          *http.ResponseController
	extended      time.Time // when conn last got a deadline
	n             int64     // bytes read
	ended         bool      // nothing more can be read
	verified      io.Reader // of a signed request: the whole body, read before; otherwise nil
	limited       error     // why no more of it may be held; the decoder may read again
}

func (b *body) start() {
	w := b.exchange.ResponseWriter
	b.ReadCloser = http.MaxBytesReader(w, b.exchange.request.Body, b.exchange.gateway.limits.GetMaxRequestBytes())
	b.conn = http.NewResponseController(w)
}

func (b *body) started() bool { return b.ReadCloser != nil }

func (b *body) Read(p []byte) (int, error) {
	if b.verified != nil {
		return b.verified.Read(p)
	}
	if b.limited != nil {
		return 0, b.limited
	}
	b.extend()
	n, err := b.ReadCloser.Read(p)
	if b.n == 0 {
		n, err = b.skipMark(p, n, err)
	}
	b.n += int64(n)
	var tooLarge *http.MaxBytesError
	b.ended = err != nil && !errors.As(err, &tooLarge)
	if b.limited = b.exchange.call.Reserve(int64(n)); b.limited != nil {
		return 0, b.limited
	}
	return n, err
}

// mark is the byte-order mark of UTF-8, with which some editors begin a file.
const mark = "\xef\xbb\xbf"

// skipMark passes over the mark, if the body begins with it. n bytes of p are read.
func (b *body) skipMark(p []byte, n int, err error) (int, error) {
	var more int
	for err == nil && n <= len(mark) && n < len(p) && strings.HasPrefix(mark, string(p[:n])) {
		more, err = b.ReadCloser.Read(p[n:])
		n += more
	}
	if n >= len(mark) && string(p[:len(mark)]) == mark {
		n = copy(p, p[len(mark):n])
	}
	return n, err
}

// extend postpones the read deadline. That costs as much as to read a small body, so
// reads that follow closely share one. A recorder of a test has no deadline.
func (b *body) extend() {
	now := time.Now()
	timeout := b.exchange.gateway.options.BodyTimeout
	if now.Sub(b.extended) < timeout/10 {
		return
	}
	b.extended = now
	at := now.Add(timeout)
	if deadline, ok := b.ctx.Deadline(); ok && deadline.Before(at) {
		at = deadline
	}
	_ = b.conn.SetReadDeadline(at)
}
