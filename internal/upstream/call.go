package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/credentials"
)

// A call is one call to DLI, ready to be sent.
type call struct {
	op      *operation
	to      *Client
	url     *url.URL
	project string // X-Project-Id
	body    []byte // empty for none
	answer  proto.Message
	limit   int64 // of the answer, in bytes
}

// request makes the HTTP request, but for its body.
func (c *call) request(ctx context.Context) (*http.Request, *Error) {
	values := [...]string{"application/json", "connsvc", c.project}
	r := &http.Request{
		Method: c.op.HTTPMethod,
		URL:    c.url,
		Host:   c.to.host,
		Header: http.Header{
			"Accept":       values[0:1:1],
			"Content-Type": values[0:1:1],
			"User-Agent":   values[1:2:2],
			"X-Project-Id": values[2:3:3],
		},
	}
	if err := c.to.credentials.Authorize(ctx, r, c.body, c.project); err != nil {
		return nil, unauthorized(err)
	}
	return r, nil
}

// unauthorized is the Error of a call without credentials.
func unauthorized(err error) *Error {
	e := &Error{Kind: Unauthorized, Err: err}
	var c *credentials.Error
	if !errors.As(err, &c) {
		return e
	}
	e.RetryAfter = c.RetryAfter
	switch c.Kind {
	case credentials.CallerToken:
		e.CallersOwn = true
	case credentials.Unavailable, credentials.Closed:
		e.Kind = Unreachable
	case credentials.Timeout:
		e.Kind = Timeout
	case credentials.Cancelled:
		e.Kind = Cancelled
	default:
	}
	return e
}

// lost is the Error of a call that has no answer, or not the whole of one.
func lost(ctx context.Context, err error, sent bool) *Error {
	kind := Broken
	switch {
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded), passed(ctx):
		kind = Timeout
	case ctx.Err() != nil:
		kind = Cancelled
	case !sent:
		kind = Unreachable
	}
	return &Error{Kind: kind, Sent: sent, Err: err}
}

// passed reports whether the deadline of ctx is over: a connection that is given
// the same deadline can notice before ctx does.
func passed(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && ctx.Err() == nil && !time.Now().Before(deadline)
}

func projectOf(req proto.Message) string {
	if m, ok := req.(interface{ GetProjectId() string }); ok {
		return m.GetProjectId()
	}
	return ""
}
