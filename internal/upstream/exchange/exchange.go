package exchange

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	// smallBody is the largest body that is written together with the head before the
	// response is read: the socket buffer takes it without waiting for the reader.
	smallBody = 16 << 10
	// writeGrace is how long to wait for a response that may be on its way when a body
	// cannot be written, and for the end of a body that was responded to.
	writeGrace = 50 * time.Millisecond
)

// An exchange is one request and its response. It is the body of the response, too.
type exchange struct {
	ctx       context.Context
	transport *Transport
	conn      *conn
	unwatch   func() bool   // stops watching ctx; false: ctx ended first
	written   chan struct{} // closed when a large body is written; nil: the body is small
	writeErr  error         // valid when written is closed

	body     io.Reader // of the response
	complete bool      // the response was read to its end
	keep     bool      // HTTP allows another exchange on the connection
	closed   bool
}

// begin sends the request and reads the head of the response. After an error nothing
// of the exchange continues.
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
	x.body, x.complete = response.Body, response.Body == http.NoBody
	x.keep = !response.Close && response.StatusCode >= http.StatusOK
	response.Body = x
	return response, nil
}

// write writes a small request at once. A large body is written while the response is
// read, because DLI may reject it before it has received all of it.
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
		if _, x.writeErr = c.Write(head); x.writeErr == nil {
			_, x.writeErr = c.Write(body)
		}
		if x.writeErr != nil {
			_ = c.SetReadDeadline(time.Now().Add(writeGrace))
		}
	}()
	return nil
}

// fail ends the exchange. It returns the error of writing the body, if that came first,
// else err.
func (x *exchange) fail(err error) error {
	x.unwatch()
	if x.written == nil {
		x.conn.link.abort()
		return err
	}
	select {
	case <-x.written:
		err = cmp.Or(x.writeErr, err)
		x.conn.link.abort()
	default:
		x.conn.link.abort()
		<-x.written
	}
	return err
}

// Read reads the body of the response.
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.body.Read(p)
	if errors.Is(err, io.EOF) {
		x.complete = true
	} else if err != nil {
		err = causeOr(x.ctx, err)
	}
	return n, err
}

// Close ends the exchange. The connection is reused only if request and response are
// complete.
func (x *exchange) Close() error {
	if x.closed {
		return nil // the connection may serve another exchange by now
	}
	x.closed = true
	keep := x.complete && x.keep && x.allWritten()
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

// allWritten reports whether the whole request was written.
func (x *exchange) allWritten() bool {
	if x.written == nil {
		return true
	}
	timer := time.NewTimer(writeGrace)
	defer timer.Stop()
	select {
	case <-x.written:
		return x.writeErr == nil
	case <-timer.C:
		return false
	}
}
