package upstream

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"
)

// maxTries bounds how often a call goes out of which nothing left: each try can
// meet a connection that DLI has just closed.
const maxTries = 3

// A call is one call to DLI, ready to be sent.
type call struct {
	op      *operation
	to      *endpoint
	url     *url.URL
	project string  // X-Project-Id
	body    []byte  // empty for none
	shared  *buffer // holds body where it is large
	answer  proto.Message
}

func (r *Router) call(ctx context.Context, op *operation, e *endpoint, req, resp proto.Message) *Error {
	if err := ctx.Err(); err != nil {
		return lost(ctx, err, false)
	}
	c := &call{op: op, to: e, answer: resp, project: projectOf(req)}
	path, query, err := op.target(req)
	if err == nil {
		c.url, err = e.url(path, query)
	}
	if err != nil {
		return &Error{Kind: Invalid, Err: err}
	}
	if op.HasBody {
		b := newBuffer(&r.bodies)
		defer b.release()
		if b.bytes, err = op.appendBody(b.bytes, req); err != nil {
			return &Error{Kind: Invalid, Err: err}
		}
		c.setBody(b)
	}
	limited, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	return r.try(ctx, limited, c)
}

// try sends a call, and sends it again while nothing of it has left because a
// connection from the pool was closed. The transport does so itself where there
// is no body; it cannot where there is one that it has begun to read.
func (r *Router) try(ctx, limited context.Context, c *call) *Error {
	for n := 1; ; n++ {
		start := time.Now()
		var s sending
		got, err := r.send(limited, c, &s)
		if r.options.Observe != nil {
			a := Attempt{
				FullMethod: c.op.FullMethod, Endpoint: c.to.name, Duration: time.Since(start),
				RequestID: got.requestID, HTTPStatus: got.status,
			}
			if err != nil {
				err.Method = c.op.FullMethod
				a.Err = err
			}
			r.options.Observe(ctx, a)
		}
		if err == nil || err.Kind != Unreachable || !s.reused || n == maxTries {
			return err
		}
	}
}

// send sends a call once and reads its answer.
func (r *Router) send(ctx context.Context, c *call, s *sending) (envelope, *Error) {
	request := c.request(s.trace(ctx))
	// The transport alone, without http.Client: it follows no redirect, and its
	// errors do not hold the URL.
	response, err := c.to.transport.RoundTrip(request)
	if err != nil {
		return envelope{}, c.to.redactError(lost(ctx, err, s.sent()))
	}
	defer func() { _ = response.Body.Close() }()
	got := c.to.envelope(response)
	if e := r.read(ctx, c, response, got); e != nil {
		e.HTTPStatus, e.Sent = got.status, true
		if e.RequestID == "" {
			e.RequestID = got.requestID
		}
		got.requestID = e.RequestID
		return got, c.to.redactError(e)
	}
	return got, nil
}

// setBody takes the body from b. A small one is copied: net/http writes headers
// and body at once only where it knows the body to be in memory, and that saves
// more than the copy costs.
func (c *call) setBody(b *buffer) {
	if len(b.bytes) <= smallBody {
		c.body = bytes.Clone(b.bytes)
		return
	}
	c.body, c.shared = b.bytes, b
}

// request makes the HTTP request. It has neither GetBody nor an Idempotency-Key:
// with one of them the transport would send a POST a second time.
func (c *call) request(ctx context.Context) *http.Request {
	values := [...]string{"application/json", "connsvc", c.project}
	r := (&http.Request{
		Method: c.op.HTTPMethod,
		URL:    c.url,
		Host:   c.to.host,
		Header: http.Header{
			"Accept":       values[0:1:1],
			"Content-Type": values[0:1:1],
			"User-Agent":   values[1:2:2],
			"X-Project-Id": values[2:3:3],
		},
		ContentLength: int64(len(c.body)),
	}).WithContext(ctx)
	switch {
	case c.shared != nil:
		r.Body = c.shared.reader()
	case len(c.body) > 0:
		r.Body = io.NopCloser(bytes.NewReader(c.body))
	}
	c.to.authorize(r, c.body)
	return r
}

// lost is the Error of a call that has no answer, or not the whole of one.
func lost(ctx context.Context, err error, sent bool) *Error {
	kind := Broken
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		kind = Cancelled
	case ctx.Err() != nil, passed(ctx):
		kind = Timeout
	case !sent:
		kind = Unreachable
	}
	return &Error{Kind: kind, Sent: sent, Err: err}
}

// passed reports whether the deadline of ctx is over: a connection that is given
// the same deadline can notice before ctx does.
func passed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// redactError takes the endpoint's credentials out of what an upstream may have
// echoed.
func (e *endpoint) redactError(err *Error) *Error {
	err.Message = e.redact(err.Message)
	if err.Err != nil {
		if text := err.Err.Error(); e.redact(text) != text {
			err.Err = errors.New(e.redact(text))
		}
	}
	return err
}

func projectOf(req proto.Message) string {
	if m, ok := req.(interface{ GetProjectId() string }); ok {
		return m.GetProjectId()
	}
	return ""
}
