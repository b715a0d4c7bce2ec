package upstream

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

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
	source   source // for the breaker and the limit
	body     []byte // empty for none
	response proto.Message
	record   *record.Call
	// held counts what the response of a read takes in memory; nil for a change.
	held *held
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
		return nil, c.to.unauthorized(err)
	}
	return r, nil
}

// unauthorized is the Error of a call without credentials. A malformed response is one of
// something between, as of a proxy: a retry may help.
func (c *Client) unauthorized(err error) *Error {
	e := &Error{Kind: Unauthorized, Err: err}
	var cause *credentials.Error
	if !errors.As(err, &cause) {
		return e
	}
	e.RetryAfter = cause.RetryAfter
	switch cause.Kind {
	case credentials.CallerToken:
		e.CallersOwn = true
	case credentials.Unavailable, credentials.Malformed, credentials.Closed:
		e.Kind = Unreachable
	case credentials.Timeout:
		e.Kind = Timeout
	case credentials.Cancelled:
		e.Kind = Cancelled
	case credentials.Busy:
		e.Kind = Shed
		c.counts.shed[shedByCredentials].Add(1)
	default:
	}
	return e
}

// logInterval is the shortest time between two log lines of one result of renewals:
// callers choose projects, and so how many are rejected.
const logInterval = time.Minute

// renewed returns what counts and logs the renewals of an upstream's credentials.
func (c *counts) renewed(log *slog.Logger, now func() time.Time) func(credentials.Renewal) {
	var mu sync.Mutex
	var logged [lastRenewal]time.Time
	var unlogged [lastRenewal]int
	return func(r credentials.Renewal) {
		result := renewalResult(r.Err)
		c.renewals[result].Add(1)
		mu.Lock()
		defer mu.Unlock()
		if t := now(); t.Sub(logged[result]) >= logInterval {
			logged[result] = t
		} else {
			unlogged[result]++
			return
		}
		log := log.With("source", r.Source, "project", r.Project, "unlogged", unlogged[result])
		unlogged[result] = 0
		if r.Err != nil {
			log.Warn("credentials were not renewed; the previous ones stay in use", "error", r.Err.Error())
			return
		}
		if !r.Expires.IsZero() {
			log = log.With("expires", r.Expires)
		}
		log.Info("credentials were renewed")
	}
}
