package credentials

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// minSecret is the least length of a secret that is looked for in a text: a
// shorter one is no secret, and would blot out innocent words.
const minSecret = 8

// Redact takes the credentials that h, the header of an authorized request, bears
// out of a text that its receiver sent. DLI's API gateway explains a refused
// signature by the canonical request, which has the security token in it.
func Redact(h http.Header, text string) string {
	if text == "" {
		return ""
	}
	var pairs []string
	hide := func(s string) {
		if len(s) >= minSecret {
			pairs = append(pairs, s, redacted)
		}
	}
	hide(h.Get(headerToken))
	hide(h.Get(headerSecurityToken))
	authorization := h.Get("Authorization")
	hide(authorization)
	hide(accessKeyID(authorization))
	if _, signature, ok := strings.Cut(authorization, "Signature="); ok {
		hide(signature)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// accessKeyID returns the access key ID of an Authorization header.
func accessKeyID(authorization string) string {
	_, rest, _ := strings.Cut(authorization, "Access=")
	id, _, _ := strings.Cut(rest, ",")
	return id
}

// hidden, embedded, makes a value print as [redacted], whichever way it is
// printed. Inside of other values fmt does not see that: secrets are behind
// pointers there, which fmt does not follow.
type hidden struct{}

// String returns [redacted].
func (hidden) String() string { return redacted }

// Format writes [redacted] for every verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (hidden) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (hidden) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// plain reports whether s can be the value of a header, whole and unchanged:
// printable ASCII without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
