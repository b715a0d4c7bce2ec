package credentials

import (
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const redacted = "[redacted]"

const (
	// minSecret is the minimum length of a secret to redact: a shorter one could be any
	// word.
	minSecret = 8
	// maxBlock is the length of the parts of a secret that are searched for, blockStep the
	// distance between two.
	maxBlock  = 8
	blockStep = 4
	// maxEncodings is how many times percent-encoding is undone.
	maxEncodings = 3
)

// Redact removes the credentials in h, the header of an authorized request, from a
// text of the receiver: also in another case, percent-encoded, or cut at either end.
// DLI's API gateway explains a rejected signature by the canonical request, which
// contains the security token.
func Redact(h http.Header, text string) string {
	if text == "" {
		return ""
	}
	secrets := secretsOf(h)
	text = hide(text, secrets)
	decoded := text
	for i := 0; i < maxEncodings && strings.Contains(decoded, "%"); i++ {
		decoded = percentEncoded.ReplaceAllStringFunc(decoded, func(code string) string {
			b, _ := hex.DecodeString(code[1:])
			return string(b)
		})
		if hidden := hide(decoded, secrets); hidden != decoded {
			return hidden
		}
	}
	return text
}

var percentEncoded = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// secretsOf returns the credentials in h.
func secretsOf(h http.Header) []string {
	authorization := h.Get("Authorization")
	_, signature, _ := strings.Cut(authorization, "Signature=")
	all := []string{h.Get(headerToken), h.Get(headerSecurityToken), accessKeyID(authorization), signature}
	return slices.DeleteFunc(all, func(secret string) bool { return len(secret) < minSecret })
}

// hide replaces each part of a secret that is in text. Secrets are compared by blocks, so
// a part of less than maxBlock+blockStep-1 bytes may remain.
func hide(text string, secrets []string) string {
	plain := lower(text)
	for _, secret := range secrets {
		secret = lower(secret)
		size := min(maxBlock, len(secret)-1)
		last := len(secret) - size
		for at := 0; ; at = min(at+blockStep, last) {
			if strings.Contains(plain, secret[at:at+size]) {
				text = hideBlock(text, secret, at, size)
				plain = lower(text)
			}
			if at == last {
				break
			}
		}
	}
	return text
}

// hideBlock replaces what text has of secret around the block at at.
func hideBlock(text, secret string, at, size int) string {
	for from := 0; ; {
		plain := lower(text)
		i := strings.Index(plain[from:], secret[at:at+size])
		if i < 0 {
			return text
		}
		start, end := from+i, from+i+size
		for j := at; j > 0 && start > from && plain[start-1] == secret[j-1]; j-- {
			start--
		}
		for j := at + size; j < len(secret) && end < len(plain) && plain[end] == secret[j]; j++ {
			end++
		}
		text = text[:start] + redacted + text[end:]
		from = start + len(redacted)
	}
}

// lower returns s with ASCII in lower case, so that no index changes.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
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
