package credentials

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
)

const redacted = "[redacted]"

// minSecret is the minimum length of a secret to redact: a shorter one could be any
// word.
const minSecret = 8

// Redact removes the credentials in h, the header of an authorized request, from a
// text of the receiver. DLI's API gateway explains a rejected signature by the
// canonical request, which contains the security token.
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

// hidden, embedded, makes a value print as [redacted] in every format. fmt ignores it
// inside other values, so secrets are behind pointers there, which fmt does not follow.
type hidden struct{}

// String returns [redacted].
func (hidden) String() string { return redacted }

// Format writes [redacted] for every verb.
func (hidden) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// LogValue returns [redacted].
func (hidden) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText returns [redacted].
func (hidden) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// plain reports whether s can be a header value unchanged: printable ASCII without
// spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != ""
}
