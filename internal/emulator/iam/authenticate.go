package iam

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/connsvc/connsvc/internal/emulator/wire"
	"github.com/connsvc/connsvc/internal/signing"
)

// A Grant is what a caller may do by its credentials alone.
type Grant struct {
	scoped  bool // for one project only
	project string
}

// Allows reports whether the credentials are good for a project.
func (g Grant) Allows(project string) bool { return !g.scoped || g.project == project }

// Authenticate checks who sent r, whose raw body is body: by its token, or else by
// its signature. Its error is the gateway's. Unlike the real gateway it does not
// lock an access key after five wrong signatures.
func (s *Service) Authenticate(r *http.Request, body []byte) (Grant, error) {
	known := &s.known
	keys := len(known.AccessKeys)+len(known.TemporaryKeys) > 0 || known.MetadataLifetime > 0
	tokens := len(known.Tokens)+len(known.Users)+len(known.Agencies) > 0
	text := r.Header.Get("X-Auth-Token")
	switch {
	case !keys && !tokens:
		return Grant{}, nil
	case tokens && text != "":
		return s.checkToken(text)
	case !keys:
		return Grant{}, &wire.Error{
			Status: http.StatusUnauthorized, Code: wire.CodeUnauthorized,
			Message: "X-Auth-Token is not defined in request. It is mandatory. Please define and send the request.",
		}
	default:
		return Grant{}, s.checkSignature(r, body)
	}
}

func (s *Service) checkToken(text string) (Grant, error) {
	for _, valid := range s.known.Tokens {
		if subtle.ConstantTimeCompare([]byte(text), []byte(valid)) == 1 {
			return Grant{}, nil
		}
	}
	if t, ok := s.issued.token(text, s.now()); ok {
		return Grant{scoped: true, project: t.project}, nil
	}
	return Grant{}, wire.Unauthorized(wire.ReasonBadToken)
}

// checkSignature checks a signature with a permanent or a temporary key.
func (s *Service) checkSignature(r *http.Request, body []byte) error {
	now := s.now()
	var securityToken string // of the key; empty: the key is permanent
	secret := func(accessKeyID string) (string, bool) {
		if permanent, ok := s.known.AccessKeys[accessKeyID]; ok {
			return permanent, true
		}
		k, ok := s.known.TemporaryKeys[accessKeyID]
		if !ok {
			k, ok = s.issued.key(accessKeyID)
		}
		securityToken = k.SecurityToken
		return k.Secret, ok && k.valid(now)
	}
	err := signing.Verify(r, body, secret, now)
	switch {
	case err == nil && securityToken != "" && r.Header.Get("X-Security-Token") != securityToken:
		return wire.Unauthorized(wire.ReasonBadToken)
	case err == nil:
		return nil
	case errors.Is(err, signing.ErrNoSignature):
		return wire.Unauthorized("Unauthorized")
	case errors.Is(err, signing.ErrUnknownKey):
		return wire.Unauthorized("Get secretKey failed,ak:******,err:ak not exist")
	case errors.Is(err, signing.ErrExpired):
		return wire.Unauthorized("calc aksk signature fail:signature expired, signature time:" + r.Header.Get("X-Sdk-Date") +
			",server time:" + now.UTC().Format("20060102T150405Z"))
	default:
		// The real gateway adds its canonical request, which contains the caller's.
		return wire.Unauthorized("verify aksk signature fail")
	}
}
