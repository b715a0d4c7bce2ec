package upstream

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// smallBody is the largest body that is written with its head in one piece,
	// before the answer is read: the system takes it without waiting for the reader.
	smallBody = 16 << 10
	// writeGrace is how long an answer may take that is on its way when a body cannot
	// be written, and how long the writing of a body may take that was answered.
	writeGrace = 50 * time.Millisecond
)

// An exchange is one request and its answer. It is the body of that answer, too.
type exchange struct {
	ctx       context.Context
	transport *transport
	conn      *conn
	unwatch   func() bool   // ends the watch on ctx; false: ctx was first
	written   chan struct{} // closed when a large body is written; nil: there is none
	failed    error         // of its writing; to be read when written is closed

	body  io.Reader // of the answer
	whole bool      // it was read to its end
	keep  bool      // both ends can go on with another exchange

	closed bool
}

// begin sends the request and reads the head of its answer. After an error nothing
// of the exchange goes on.
func (x *exchange) begin(r *http.Request, body []byte) (*http.Response, error) {
	x.conn.begin()
	x.unwatch = context.AfterFunc(x.ctx, x.conn.link.abort)
	if err := x.write(r, body); err != nil {
		return nil, x.fail(err)
	}
	response, err := x.conn.readHead(r)
	if err != nil {
		return nil, x.fail(err)
	}
	x.body, x.whole = response.Body, response.Body == http.NoBody
	x.keep = !response.Close && response.StatusCode >= http.StatusOK
	response.Body = x
	return response, nil
}

// write writes a small request whole. The body of a large one is written while the
// answer is read: DLI may refuse it before it has all.
func (x *exchange) write(r *http.Request, body []byte) error {
	c := x.conn
	head := appendHead(c.head[:0], r, len(body))
	small := len(body) <= smallBody
	if small {
		head = append(head, body...)
	}
	c.head = head
	if small {
		_, err := c.Write(head)
		return err
	}
	x.written = make(chan struct{})
	go func() {
		defer close(x.written)
		if _, x.failed = c.Write(head); x.failed == nil {
			_, x.failed = c.Write(body)
		}
		if x.failed != nil {
			_ = c.SetReadDeadline(time.Now().Add(writeGrace))
		}
	}()
	return nil
}

// fail ends the exchange, and returns err, or why the body could not be written,
// where that was first.
func (x *exchange) fail(err error) error {
	x.unwatch()
	if x.written == nil {
		x.conn.link.abort()
		return err
	}
	select {
	case <-x.written:
		err = cmp.Or(x.failed, err)
		x.conn.link.abort()
	default:
		x.conn.link.abort()
		<-x.written
	}
	return err
}

// Read reads the body of the answer.
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.body.Read(p)
	if errors.Is(err, io.EOF) {
		x.whole = true
	} else if err != nil {
		err = endOr(x.ctx, err)
	}
	return n, err
}

// Close ends the exchange. The connection serves the next one, unless something of
// this one is left on it.
func (x *exchange) Close() error {
	if x.closed {
		return nil // the connection may be another's by now
	}
	x.closed = true
	keep := x.whole && x.keep && x.allWritten()
	if x.unwatch() && keep {
		x.transport.give(x.conn)
	} else {
		x.conn.link.abort()
	}
	if x.written != nil {
		<-x.written
	}
	return nil
}

// allWritten reports whether the request was written whole.
func (x *exchange) allWritten() bool {
	if x.written == nil {
		return true
	}
	timer := time.NewTimer(writeGrace)
	defer timer.Stop()
	select {
	case <-x.written:
		return x.failed == nil
	case <-timer.C:
		return false
	}
}
