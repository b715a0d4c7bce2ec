package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"

	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/credentials"
)

// A call is one call to DLI, ready to be sent.
type call struct {
	op       *operation
	to       *Client
	url      *url.URL
	project  string // X-Project-Id
	body     []byte // empty for none
	response proto.Message
	record   *record.Call
	// raw keeps the body of the response, for those who share it; nil: the response is
	// decoded while it is read.
	raw *[]byte
}

// request makes the HTTP request, but for its body.
func (c *call) request(ctx context.Context) (*http.Request, *Error) {
	values := [...]string{"application/json", "connsvc", c.project}
	r := &http.Request{
		Method: c.op.HTTPMethod,
		URL:    c.url,
		Host:   c.url.Host,
		Header: http.Header{
			"Accept":       values[0:1:1],
			"Content-Type": values[0:1:1],
			"User-Agent":   values[1:2:2],
			"X-Project-Id": values[2:3:3],
		},
	}
	if err := c.to.credentials.Authorize(ctx, r, c.body, c.project, c.record.CallerToken); err != nil {
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
