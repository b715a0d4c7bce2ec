package emulator

import (
	"crypto/subtle"
	"errors"
	"net/http"

	"github.com/connsvc/connsvc/internal/signing"
)

// authenticate checks who sent r, whose raw body is body: by token where one is
// shown and tokens are known, else by signature. Unlike the real gateway it does
// not lock an access key after five wrong signatures.
func (e *Emulator) authenticate(r *http.Request, body []byte) error {
	keys, tokens := len(e.options.AccessKeys) > 0, len(e.options.Tokens) > 0
	token := r.Header.Get("X-Auth-Token")
	switch {
	case !keys && !tokens:
		return nil
	case tokens && token != "":
		return e.checkToken(token)
	case !keys:
		return &fault{status: http.StatusUnauthorized, code: codeUnauthorized,
			message: "X-Auth-Token is not defined in request. It is mandatory. Please define and send the request."}
	default:
		return e.checkSignature(r, body)
	}
}

func (e *Emulator) checkToken(token string) error {
	for _, valid := range e.options.Tokens {
		if subtle.ConstantTimeCompare([]byte(token), []byte(valid)) == 1 {
			return nil
		}
	}
	return unauthorized("decrypt token fail")
}

func (e *Emulator) checkSignature(r *http.Request, body []byte) error {
	secret := func(accessKeyID string) (string, bool) {
		s, ok := e.options.AccessKeys[accessKeyID]
		return s, ok
	}
	now := e.options.Now()
	err := signing.Verify(r, body, secret, now)
	switch {
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

func unauthorized(reason string) *fault {
	return gatewayFault(http.StatusUnauthorized, codeGatewayNoAuth, "Incorrect IAM authentication information: "+reason)
}
