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
	// version and credential return the current version of the secret, and the credential.
	version    func(context.Context) int
	credential func(context.Context) credential
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
	now       func() time.Time
}

// ask requests a token for a project.
func (c *iam) ask(ctx context.Context, project string, by credential) (*lease[string], *Error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
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

// tokenLifetime returns how long a token is valid from its request on, by IAM's clock if
// the response has it, as ours may be wrong.
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
	lifetime := maxLifetime
	issued, err := time.Parse(time.RFC3339, text.Token.IssuedAt)
	if err == nil {
		lifetime = min(lifetime, expires.Sub(issued))
	}
	if err != nil || !got.now.IsZero() {
		// The token may have been issued long before.
		lifetime = min(lifetime, expires.Sub(cmp.Or(got.now, asked)))
	}
	if lifetime <= 0 {
		return 0, x.malformed(errExpired)
	}
	return lifetime, nil
}
