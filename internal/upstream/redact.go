package upstream

import (
	"errors"
	"net/http"
	"strings"
	"unicode"

	"github.com/connsvc/connsvc/internal/credentials"
)

// minSecret is the least length of a credential that is looked for in what DLI
// sends: a shorter one is no secret.
const minSecret = 8

// redact takes the credentials of h, the header of the request, out of what an
// upstream may have echoed, and out of its message what could do something to a
// terminal or a log. A code and an ID are let through by identifier alone.
func (err *Error) redact(h http.Header) *Error {
	err.Message = credentials.Redact(h, printable(err.Message))
	if err.Err != nil {
		if text := err.Err.Error(); credentials.Redact(h, text) != text {
			err.Err = errors.New(credentials.Redact(h, text))
		}
	}
	return err
}

// printable returns s with a space for each character that does not print: for
// controls, line breaks, and marks that turn the direction of text.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}

// identifier returns s if it can be a code or an ID and holds no credential of h,
// the header of the request; "" otherwise.
func identifier(h http.Header, s string) string {
	if len(s) > 128 || !plain(s) || bears(h, s) {
		return ""
	}
	return s
}

// bears reports whether s holds a credential of h. It is for every good answer,
// so it makes nothing, as credentials.Redact does.
func bears(h http.Header, s string) bool {
	holds := func(secret string) bool { return len(secret) >= minSecret && strings.Contains(s, secret) }
	if holds(h.Get("X-Auth-Token")) || holds(h.Get("X-Security-Token")) {
		return true
	}
	// SDK-HMAC-SHA256 Access=..., SignedHeaders=..., Signature=...
	for part := range strings.SplitSeq(h.Get("Authorization"), ", ") {
		if _, value, _ := strings.Cut(part, "="); holds(value) {
			return true
		}
	}
	return false
}
