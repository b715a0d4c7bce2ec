package credentials

import (
	"context"
	"net/http"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/signing"
)

// accessKey signs each request with an access key, permanent or temporary.
type accessKey struct {
	hidden
	key *watched[signing.Credentials]
	now func() time.Time
}

func newAccessKey(cfg *configv1.AccessKey, o Options) (Provider, error) {
	key, err := watchAccessKey(cfg, sourceAccessKey, sourceAccessKey, o)
	if err != nil {
		return nil, err
	}
	return &accessKey{key: key, now: o.Now}, nil
}

func watchAccessKey(cfg *configv1.AccessKey, field, source string, o Options) (*watched[signing.Credentials], error) {
	read := func() (signing.Credentials, error) {
		r := &reading{read: o.Secret}
		c := r.accessKey(field, cfg)
		return c, r.err()
	}
	fixed := !inFiles(cfg.GetId(), cfg.GetSecret(), cfg.GetSecurityToken())
	return newWatched(read, fixed, source, o)
}

func (p *accessKey) Ready(context.Context, string, string) error { return nil }

func (p *accessKey) Authorize(ctx context.Context, r *http.Request, body []byte, _, _ string) error {
	signing.Sign(r, body, p.key.get(ctx).value, p.now())
	return nil
}

func (p *accessKey) Refresh(ctx context.Context, r *http.Request, _ string) bool {
	key := p.key.fresh(ctx)
	return !signedWith(r, key.value) || !signedAfter(r, key.since)
}

func (p *accessKey) CallersOwn() bool { return false }
func (p *accessKey) Close()           {}

// signedWith reports whether r has the access key ID and the security token of c.
func signedWith(r *http.Request, c signing.Credentials) bool {
	return accessKeyID(r.Header.Get("Authorization")) == c.AccessKeyID &&
		r.Header.Get(headerSecurityToken) == c.SecurityToken
}

// signedAfter reports whether r was signed after a time, as the secret of a key may
// change while its ID stays. Signatures have whole seconds; within the same second it
// returns false, which costs one attempt.
func signedAfter(r *http.Request, since time.Time) bool {
	if since.IsZero() {
		return true
	}
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Sdk-Date"))
	return err == nil && at.After(since)
}

// token sends a static token.
type token struct {
	hidden
	token *watched[string]
}

func newToken(cfg *configv1.Secret, o Options) (Provider, error) {
	read := func() (string, error) {
		r := &reading{read: o.Secret}
		value := r.header(sourceToken, cfg)
		return value, r.err()
	}
	w, err := newWatched(read, !inFiles(cfg), sourceToken, o)
	if err != nil {
		return nil, err
	}
	return &token{token: w}, nil
}

func (p *token) Ready(context.Context, string, string) error { return nil }

func (p *token) Authorize(ctx context.Context, r *http.Request, _ []byte, _, _ string) error {
	r.Header.Set(headerToken, p.token.get(ctx).value)
	return nil
}

func (p *token) Refresh(ctx context.Context, r *http.Request, _ string) bool {
	return r.Header.Get(headerToken) != p.token.fresh(ctx).value
}

func (p *token) CallersOwn() bool { return false }
func (p *token) Close()           {}

const (
	headerToken         = "X-Auth-Token"     //nolint:gosec // a name
	headerSecurityToken = "X-Security-Token" //nolint:gosec // a name

	// maxToken limits tokens to 64 KiB, like files of secrets. IAM's have a few KiB.
	maxToken = 64 << 10
)

// passThrough forwards the caller's token and never uses another one.
type passThrough struct{ hidden }

func (passThrough) Ready(context.Context, string, string) error { return nil }

func (passThrough) Authorize(_ context.Context, r *http.Request, _ []byte, _, token string) error {
	switch {
	case token == "":
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: ErrNoToken}
	case !plain(token) || len(token) > maxToken:
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: errBadToken}
	}
	r.Header.Set(headerToken, token)
	return nil
}

func (passThrough) Refresh(context.Context, *http.Request, string) bool { return false }
func (passThrough) CallersOwn() bool                                    { return true }
func (passThrough) Close()                                              {}
