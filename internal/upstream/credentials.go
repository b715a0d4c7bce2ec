package upstream

import (
	"errors"
	"net/http"
	"strings"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/signing"
)

const redacted = "[redacted]"

// minSecret is the least length of a secret that is looked for in DLI's texts: a
// shorter one is no secret, and would blot out innocent words.
const minSecret = 8

// readCredentials reads the secrets of an upstream. authorize puts them on a
// request; redact takes them out of a text.
func readCredentials(cfg *configv1.Upstream, o Options, p *problem) (
	authorize func(*http.Request, []byte), redact func(string) string,
) {
	read := func(field string, s *configv1.Secret) string {
		value, err := readSecret(s, o)
		if err != nil {
			p.add(field, err)
		}
		return value
	}
	switch {
	case cfg.GetAccessKey() != nil:
		key := cfg.GetAccessKey()
		c := signing.Credentials{
			AccessKeyID:     read("access_key.id", key.GetId()),
			SecretAccessKey: read("access_key.secret", key.GetSecret()),
		}
		if strings.Contains(c.AccessKeyID, ",") {
			p.add("access_key.id", errors.New("must not hold a comma"))
		}
		if key.GetSecurityToken() != nil {
			c.SecurityToken = read("access_key.security_token", key.GetSecurityToken())
		}
		return func(r *http.Request, body []byte) { signing.Sign(r, body, c, o.Now()) },
			redactor(c.AccessKeyID, c.SecretAccessKey, c.SecurityToken)
	case cfg.GetToken() != nil:
		token := read("token", cfg.GetToken())
		return func(r *http.Request, _ []byte) { r.Header.Set("X-Auth-Token", token) }, redactor(token)
	default:
		p.add("credentials", errors.New("either access_key or token must be set"))
		return nil, nil
	}
}

func readSecret(s *configv1.Secret, o Options) (string, error) {
	if s == nil {
		return "", errors.New("must be set")
	}
	if o.Secret == nil {
		return "", errors.New("there is nothing to read secrets with")
	}
	value, err := o.Secret(s)
	switch {
	case err != nil:
		return "", err
	case value == "":
		return "", errors.New("the secret is empty")
	case !plain(value):
		// It travels in a header, where anything else would be cut or refused.
		return "", errors.New("the secret must be printable ASCII without spaces")
	}
	return value, nil
}

// plain reports whether s is printable ASCII without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// redactor takes secrets out of what DLI sends. The API gateway explains a refused
// signature by the canonical request, which has the security token in it.
func redactor(secrets ...string) func(string) string {
	var pairs []string
	for _, s := range secrets {
		if len(s) >= minSecret {
			pairs = append(pairs, s, redacted)
		}
	}
	return strings.NewReplacer(pairs...).Replace
}
