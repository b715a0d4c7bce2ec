package chain

import (
	"context"
	"errors"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/call"
)

// A Guard decides who may call. A reload replaces it as a whole; a call keeps the one
// that it began with.
type Guard struct {
	Auth *auth.Authenticator // nil: callers are not authenticated
}

// Guard returns the active guard; nil where everyone may call everything.
func (ch *Chain) Guard() *Guard { return ch.guard.Load() }

// SetGuard replaces the guard and returns the previous one.
func (ch *Chain) SetGuard(g *Guard) *Guard { return ch.guard.Swap(g) }

// authenticate finds out who calls, before a byte of the body is read.
func (ch *Chain) authenticate(ctx context.Context, c *Call) error {
	c.guard = ch.guard.Load()
	if c.guard == nil || c.guard.Auth == nil {
		return nil
	}
	p, err := c.guard.Auth.Authenticate(ctx, c.Transport.Credentials())
	if err != nil {
		c.Challenge = c.guard.Auth.Challenge()
		return unauthenticated(err)
	}
	c.setPrincipal(p)
	return nil
}

func (c *Call) setPrincipal(p *call.Principal) {
	c.principal, c.Record.Caller = p, p.Name
}

// AuthenticateAuxiliary is for calls that do not pass the chain: of health and
// reflection. Credentials are read only where they are needed.
func (ch *Chain) AuthenticateAuxiliary(ctx context.Context, what configv1.Auth_Open, credentials func() auth.Credentials) error {
	g := ch.guard.Load()
	if g == nil || g.Auth.Open(what) {
		return nil
	}
	if _, err := g.Auth.Authenticate(ctx, credentials()); err != nil {
		return unauthenticated(err)
	}
	return nil
}

func unauthenticated(err error) *apierror.Error {
	message := ""
	var e *auth.Error
	if errors.As(err, &e) {
		message = e.Message()
	}
	return apierror.New(connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, message, err)
}
