package emulator

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/connsvc/connsvc/internal/signing"
)

// A grant is what a caller may do, as far as its credentials say.
type grant struct {
	// scoped credentials are good for one project alone: the token's, or none.
	scoped  bool
	project string
}

func (g grant) allows(project string) bool { return !g.scoped || g.project == project }

// authenticate checks who sent r, whose raw body is body: by token where one is
// shown and tokens are known, else by signature. Unlike the real gateway it does
// not lock an access key after five wrong signatures.
func (e *Emulator) authenticate(r *http.Request, body []byte) (grant, error) {
	o := &e.options
	keys := len(o.AccessKeys)+len(o.TemporaryKeys) > 0 || o.MetadataLifetime > 0
	tokens := len(o.Tokens)+len(o.Users)+len(o.Agencies) > 0
	text := r.Header.Get("X-Auth-Token")
	switch {
	case !keys && !tokens:
		return grant{}, nil
	case tokens && text != "":
		return e.checkToken(text)
	case !keys:
		return grant{}, &refusal{
			status: http.StatusUnauthorized, code: codeUnauthorized,
			message: "X-Auth-Token is not defined in request. It is mandatory. Please define and send the request.",
		}
	default:
		return grant{}, e.checkSignature(r, body)
	}
}

func (e *Emulator) checkToken(text string) (grant, error) {
	for _, valid := range e.options.Tokens {
		if subtle.ConstantTimeCompare([]byte(text), []byte(valid)) == 1 {
			return grant{}, nil
		}
	}
	if t, ok := e.identities.token(text, e.options.Now()); ok {
		return grant{scoped: true, project: t.project}, nil
	}
	return grant{}, unauthorized(reasonBadToken)
}

// checkSignature checks a signature with a permanent or a temporary key.
func (e *Emulator) checkSignature(r *http.Request, body []byte) error {
	now := e.options.Now()
	var securityToken string // of the key that is used; empty: it is permanent
	secret := func(accessKeyID string) (string, bool) {
		if s, ok := e.options.AccessKeys[accessKeyID]; ok {
			return s, true
		}
		k, ok := e.options.TemporaryKeys[accessKeyID]
		if !ok {
			k, ok = e.identities.key(accessKeyID)
		}
		securityToken = k.SecurityToken
		return k.Secret, ok && k.valid(now)
	}
	err := signing.Verify(r, body, secret, now)
	switch {
	case err == nil && securityToken != "" && r.Header.Get("X-Security-Token") != securityToken:
		return unauthorized(reasonBadToken)
	case err == nil:
		return nil
	case errors.Is(err, signing.ErrNoSignature):
		return unauthorized("Unauthorized")
	case errors.Is(err, signing.ErrUnknownKey):
		return unauthorized("Get secretKey failed,ak:******,err:ak not exist")
	case errors.Is(err, signing.ErrExpired):
		return unauthorized("calc aksk signature fail:signature expired, signature time:" + r.Header.Get("X-Sdk-Date") +
			",server time:" + now.UTC().Format("20060102T150405Z"))
	default:
		// The real gateway goes on with its canonical request, which bears what the
		// caller sent.
		return unauthorized("verify aksk signature fail")
	}
}

// reasonBadToken is what the gateway says of a token that has expired as of one
// that never was.
const reasonBadToken = "decrypt token fail"

func unauthorized(reason string) *refusal {
	return gatewayRefusal(http.StatusUnauthorized, codeGatewayNoAuth, "Incorrect IAM authentication information: "+reason)
}
