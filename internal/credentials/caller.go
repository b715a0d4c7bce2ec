package credentials

import (
	"context"
	"net/http"
)

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
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: errNoToken}
	case !plain(token) || len(token) > maxToken:
		return &Error{Kind: CallerToken, Source: sourcePassThrough, Err: errBadToken}
	}
	r.Header.Set(headerToken, token)
	return nil
}

func (passThrough) Refresh(context.Context, *http.Request, string) bool { return false }
func (passThrough) CallersOwn() bool                                    { return true }
func (passThrough) Close()                                              {}
