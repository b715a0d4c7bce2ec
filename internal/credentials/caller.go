package credentials

import (
	"context"
	"crypto/sha256"
	"net/http"
)

const (
	headerToken         = "X-Auth-Token"     //nolint:gosec // a name
	headerSecurityToken = "X-Security-Token" //nolint:gosec // a name

	// maxToken is the longest token that is sent: 64 KiB, as much as the file of a
	// secret may hold. IAM's have a few KiB.
	maxToken = 64 << 10
)

type callerKey struct{}

// callerToken is behind a pointer in the context, where printing the context does
// not find it.
type callerToken struct{ value string }

// WithCallerToken returns a context that holds the X-Auth-Token of the caller,
// for upstreams that pass it through. An empty one is none.
func WithCallerToken(ctx context.Context, token string) context.Context {
	return context.WithValue(ctx, callerKey{}, &callerToken{token})
}

// CallerKey returns what tells the caller's token of ctx from those of other
// callers and does not reveal it; empty where there is none. It is for sharing an
// answer among calls, never for a log.
func CallerKey(ctx context.Context) string {
	token := tokenOf(ctx)
	if token == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(token))
	return string(sum[:])
}

func tokenOf(ctx context.Context) string {
	t, ok := ctx.Value(callerKey{}).(*callerToken)
	if !ok {
		return ""
	}
	return t.value
}

// passThrough hands the caller's token on. It never takes another in its place.
type passThrough struct{ hidden }

func (passThrough) Authorize(ctx context.Context, r *http.Request, _ []byte, _ string) error {
	token := tokenOf(ctx)
	switch {
	case token == "":
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: errNoToken}
	case !plain(token) || len(token) > maxToken:
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: errBadToken}
	}
	r.Header.Set(headerToken, token)
	return nil
}

func (passThrough) Refused(context.Context, *http.Request, string) bool { return false }
func (passThrough) CallersOwn() bool                                    { return true }
func (passThrough) Close()                                              {}
