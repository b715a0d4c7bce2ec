package server

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// defaultBodyTimeout is how long the REST door waits for more of a body. A caller
// who sends slower than that holds a place that others could have.
const defaultBodyTimeout = 10 * time.Second

// A bodyReader reads the body of a request. The bytes that came count against the
// limits of what is in flight: what was announced may never come.
type bodyReader struct {
	from    io.Reader
	conn    *http.ResponseController
	call    *call
	timeout time.Duration // for each wait
	until   time.Time     // the deadline of the call; may be zero
	timed   time.Time     // when conn was given a deadline
	n       int64         // bytes read
	ended   bool          // nothing more can be read
}

func (b *bodyReader) Read(p []byte) (int, error) {
	b.extend()
	n, err := b.from.Read(p)
	b.n += int64(n)
	var tooLarge *http.MaxBytesError
	b.ended = err != nil && !errors.As(err, &tooLarge)
	if full := b.call.hold(int64(n)); full != nil {
		return 0, full
	}
	return n, err
}

// extend puts off the deadline of reading. It costs as much as to read a small
// body, so bytes that come at once share one. Recorders of tests have none.
func (b *bodyReader) extend() {
	now := time.Now()
	if now.Sub(b.timed) < b.timeout/10 {
		return
	}
	b.timed = now
	at := now.Add(b.timeout)
	if !b.until.IsZero() && b.until.Before(at) {
		at = b.until
	}
	_ = b.conn.SetReadDeadline(at)
}
