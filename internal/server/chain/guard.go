package chain

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/auth/audit"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/quota"
)

// A Guard decides who may call what. A reload replaces it as a whole; a call keeps the one
// that it began with, and a watch ends.
type Guard struct {
	Auth   *auth.Authenticator
	Policy *policy.Policy // nil: every caller may do everything
	Audit  *audit.Log     // nil: none
}

// Guard returns the active guard; nil where everyone may call everything.
func (ch *Chain) Guard() *Guard { return ch.guard.Load() }

// SetGuard replaces the guard and returns the previous one. Watches end, so that their callers
// are authenticated and authorized anew when they come back.
func (ch *Chain) SetGuard(g *Guard) *Guard {
	previous := ch.guard.Swap(g)
	if g != nil || previous != nil {
		ch.term.Swap(ch.newTerm()).end()
	}
	return previous
}

// authenticate finds out who calls, before a byte of the body is read.
func (ch *Chain) authenticate(ctx context.Context, c *Call) error {
	c.guard = ch.guard.Load()
	if c.Preflight {
		return nil
	}
	credentials := c.Transport.Credentials()
	if c.guard == nil {
		if cert := credentials.Certificate; cert != nil {
			c.Record.Caller = unauthenticatedPrefix + identityOf(cert)
		}
		return nil
	}
	p, signature, err := c.guard.Auth.Authenticate(ctx, credentials)
	c.signature = signature
	return c.authenticated(p, err)
}

// unauthenticatedPrefix marks the name of a certificate where auth is not configured: by its
// common name it could pass for a principal, as in token:ops.
const unauthenticatedPrefix = "certificate:"

// Signed reports whether the request is signed and must pass VerifySignature.
func (c *Call) Signed() bool { return c.signature != nil }

// VerifySignature finds out who sent a signed request, by the SHA-256 of its raw body. tests
// says that it is a wait that tests addresses.
func (c *Call) VerifySignature(ctx context.Context, body [sha256.Size]byte, tests bool) error {
	if err := c.authenticated(c.signature.Verify(ctx, body, tests || !reads[c.Method])); err != nil {
		return err
	}
	c.verified, c.signature = c.signature, nil
	err := c.place.Identify(quota.KeyOf(c.Record.Caller, c.Peer))
	c.Record.Origin = c.place.Caller()
	return c.sendAgain(c.limited(err))
}

// sendAgain lets a signed request be sent again if it was rejected by a limit: the caller is
// asked to.
func (c *Call) sendAgain(limited error) error {
	if limited != nil && c.verified != nil {
		c.verified.Forget()
	}
	return limited
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

// Certificate returns the caller's verified client certificate, or nil; state may be nil.
func Certificate(state *tls.ConnectionState) *x509.Certificate {
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.VerifiedChains[0][0]
}

// identityOf returns the name in a client certificate: its SPIFFE ID or other URI, else its
// first DNS name, else the common name.
func identityOf(c *x509.Certificate) string {
	for _, uri := range c.URIs {
		if uri.Scheme == "spiffe" {
			return uri.String()
		}
	}
	switch {
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	default:
		return c.Subject.CommonName
	}
}
