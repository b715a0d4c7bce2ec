package credentials

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"
)

// maxLifetime limits the lifetime of a token. IAM's have 24 hours.
const maxLifetime = 24 * time.Hour

// An identity asks IAM for tokens.
type identity struct {
	source string
	// credential returns the current credential.
	credential func() credential
}

// A credential is one way to ask IAM for a token.
type credential struct {
	version int    // grows when the secret changes
	method  string // "password" or "assume_role"
	proof   any    // the object of that method
	sign    func(r *http.Request, body []byte)
	secrets []string
}

// iam gets tokens that are scoped to a project.
type iam struct {
	identity  identity
	url       *url.URL
	transport http.RoundTripper
	gate      *gate
	now       func() time.Time
}

// admit returns an Error while no request is allowed.
func (c *iam) admit(known bool) *Error {
	if pause := c.gate.pause(c.identity.credential().version, known); pause > 0 {
		return c.closed(pause)
	}
	return nil
}

func (c *iam) closed(pause time.Duration) *Error {
	return &Error{Kind: Rejected, Source: c.identity.source, HTTPStatus: http.StatusUnauthorized, RetryAfter: pause}
}

// token gets a token for a project. ctx also limits the wait for a turn.
func (c *iam) token(ctx context.Context, project string, known bool) (*lease[string], *Error) {
	by, pause, err := c.gate.enter(ctx, c.identity.credential, known)
	switch {
	case err != nil:
		return nil, &Error{Kind: Unavailable, Source: c.identity.source, Err: err}
	case pause > 0:
		return nil, c.closed(pause)
	}
	held, failure := c.ask(ctx, project, by)
	pause = c.gate.leave(by.version, known, failure)
	if failure != nil && failure.Kind == Rejected {
		failure.RetryAfter = pause
	}
	return held, failure
}

func (c *iam) ask(ctx context.Context, project string, by credential) (*lease[string], *Error) {
	x := exchange{transport: c.transport, source: c.identity.source, secrets: by.secrets}
	asked := c.now()
	got, err := x.do(ctx, c.request(project, by), http.StatusCreated)
	if err != nil {
		return nil, err
	}
	token := got.header.Get("X-Subject-Token")
	if !plain(token) || len(token) > maxToken {
		return nil, x.malformed(errNoSubject)
	}
	lifetime, err := tokenLifetime(x, got, asked)
	if err != nil {
		return nil, err
	}
	return newLease(token, asked, lifetime), nil
}

func (c *iam) request(project string, by credential) *http.Request {
	type object = map[string]any
	// None of these values can fail to marshal.
	body, _ := json.Marshal(object{"auth": object{
		"identity": object{"methods": []string{by.method}, by.method: by.proof},
		"scope":    object{"project": object{"id": project}},
	}})
	r := &http.Request{
		Method: http.MethodPost,
		URL:    c.url,
		Host:   c.url.Host,
		Header: http.Header{
			"Accept":       {"application/json"},
			"Content-Type": {"application/json"},
			"User-Agent":   {"connsvc"},
		},
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
	}
	if by.sign != nil {
		by.sign(r, body)
	}
	return r
}

// tokenLifetime returns how long a token is valid from its request on. It uses IAM's
// clock if the response has it, as ours may be wrong.
func tokenLifetime(x exchange, got response, asked time.Time) (time.Duration, *Error) {
	var text struct {
		Token struct {
			IssuedAt  string `json:"issued_at"`
			ExpiresAt string `json:"expires_at"`
		} `json:"token"`
	}
	if json.Unmarshal(got.body, &text) != nil {
		return 0, x.malformed(errNotJSON)
	}
	expires, err := time.Parse(time.RFC3339, text.Token.ExpiresAt)
	if err != nil {
		return 0, x.malformed(errNoEnd)
	}
	issued, err := time.Parse(time.RFC3339, text.Token.IssuedAt)
	if err != nil {
		issued = cmp.Or(got.now, asked)
	}
	lifetime := min(expires.Sub(issued), maxLifetime)
	if lifetime <= 0 {
		return 0, x.malformed(errExpired)
	}
	return lifetime, nil
}
