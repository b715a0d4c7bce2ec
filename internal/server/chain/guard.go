package chain

import (
	"context"
	"crypto/sha256"
	"errors"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
)

// A Guard decides who may call what. A reload replaces it as a whole; a call keeps the one
// that it began with.
type Guard struct {
	Auth   *auth.Authenticator
	Policy *policy.Policy // nil: every caller may do everything
}

// Guard returns the active guard; nil where everyone may call everything.
func (ch *Chain) Guard() *Guard { return ch.guard.Load() }

// SetGuard replaces the guard and returns the previous one.
func (ch *Chain) SetGuard(g *Guard) *Guard { return ch.guard.Swap(g) }

// authenticate finds out who calls, before a byte of the body is read.
func (ch *Chain) authenticate(ctx context.Context, c *Call) error {
	c.guard = ch.guard.Load()
	if c.guard == nil {
		return nil
	}
	p, signature, err := c.guard.Auth.Authenticate(ctx, c.Transport.Credentials())
	if signature != nil {
		c.signature, c.BodyHash = signature, sha256.New()
	}
	return c.authenticated(p, err)
}

// verifySignature finds out who sent a signed request, when its body is read.
func (c *Call) verifySignature(ctx context.Context) error {
	if c.signature == nil {
		return nil
	}
	var sum [sha256.Size]byte
	c.BodyHash.Sum(sum[:0])
	return c.authenticated(c.signature.Verify(ctx, sum))
}

func (c *Call) authenticated(p *call.Principal, err error) error {
	if err != nil {
		c.Challenge = c.guard.Auth.Challenge()
		return unauthenticated(err)
	}
	if p != nil {
		c.principal, c.Record.Caller = p, p.Name
	}
	return nil
}

// AuthenticateAuxiliary is for calls that do not pass the chain: of health and
// reflection. Credentials are read only where they are needed.
func (ch *Chain) AuthenticateAuxiliary(ctx context.Context, what configv1.Auth_Open, credentials func() auth.Credentials) error {
	g := ch.guard.Load()
	if g == nil || g.Auth.Open(what) {
		return nil
	}
	if _, _, err := g.Auth.Authenticate(ctx, credentials()); err != nil {
		return unauthenticated(err)
	}
	return nil
}

func unauthenticated(err error) *apierror.Error {
	message := ""
	var e *auth.Error
	if errors.As(err, &e) {
		message = e.Message()
		if e.Kind == auth.Unavailable {
			return apierror.New(connsvcv1.ErrorReason_OVERLOADED, message, err)
		}
	}
	return apierror.New(connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED, message, err)
}
