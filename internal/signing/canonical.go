package signing

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// canonicalInput is what a canonical request is made of.
type canonicalInput struct {
	method   string
	path     string // decoded
	rawQuery string // as it travels
	host     string
	header   http.Header
	signed   []header
	body     [sha256.Size]byte // its hash
}

// appendCanonical appends the canonical request to b. It returns false where the
// query holds an invalid escape, which then stands as it is.
func appendCanonical(b []byte, in canonicalInput) ([]byte, bool) {
	b = append(b, in.method...)
	b = append(b, '\n')
	b = appendPath(b, in.path)
	b = append(b, '\n')
	b, ok := appendQuery(b, in.rawQuery)
	b = append(b, '\n')
	for _, h := range in.signed {
		b = appendHeader(b, h, in)
	}
	b = append(b, '\n')
	b = appendNames(b, in.signed)
	b = append(b, '\n')
	return appendPayload(b, in.header, in.body), ok
}

// appendPath appends the path, escaped anew and always closed by a slash. An
// escaped slash counts as a slash: the scheme splits the decoded path.
func appendPath(b []byte, path string) []byte {
	start := len(b)
	for {
		segment, rest, more := strings.Cut(path, "/")
		b = appendEscaped(b, segment)
		if !more {
			break
		}
		b = append(b, '/')
		path = rest
	}
	if len(b) == start || b[len(b)-1] != '/' {
		b = append(b, '/')
	}
	return b
}

// appendQuery appends the query, decoded, sorted by key and then by value, and
// escaped anew.
func appendQuery(b []byte, raw string) ([]byte, bool) {
	if raw == "" {
		return b, true
	}
	type pair struct{ key, value string }
	var space [8]pair
	pairs, ok := space[:0], true
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		key, value, _ := strings.Cut(part, "=")
		key, keyOK := unescape(key)
		value, valueOK := unescape(value)
		ok = ok && keyOK && valueOK
		pairs = append(pairs, pair{key, value})
	}
	slices.SortFunc(pairs, func(x, y pair) int {
		return cmp.Or(strings.Compare(x.key, y.key), strings.Compare(x.value, y.value))
	})
	for i, p := range pairs {
		if i > 0 {
			b = append(b, '&')
		}
		b = appendEscaped(b, p.key)
		b = append(b, '=')
		b = appendEscaped(b, p.value)
	}
	return b, ok
}

func unescape(s string) (string, bool) {
	// A plus sign is a space: url.Values.Encode writes spaces so, and clients
	// that mean a plus sign write %2B.
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s, false
	}
	return decoded, true
}

// appendHeader appends one line for each value of h, none where it has none.
func appendHeader(b []byte, h header, in canonicalInput) []byte {
	if h.name == hostName {
		return appendLine(b, h.name, in.host)
	}
	values := in.header[h.key]
	if len(values) > 1 {
		values = slices.Sorted(slices.Values(values))
	}
	for _, value := range values {
		b = appendLine(b, h.name, value)
	}
	return b
}

func appendLine(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ':')
	b = append(b, strings.TrimSpace(value)...)
	return append(b, '\n')
}

// appendNames appends the list of signed headers.
func appendNames(b []byte, signed []header) []byte {
	for i, h := range signed {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, h.name...)
	}
	return b
}

// appendPayload appends the hash of the body, or what X-Sdk-Content-Sha256 gives
// in its place.
func appendPayload(b []byte, h http.Header, body [sha256.Size]byte) []byte {
	if given := h[headerContentSHA256]; len(given) > 0 && given[0] != "" {
		return append(b, given[0]...)
	}
	return hex.AppendEncode(b, body[:])
}

const upperHex = "0123456789ABCDEF"

// appendEscaped appends s with every byte but the unreserved ones of RFC 3986
// percent-encoded.
func appendEscaped(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; unreserved(c) {
			b = append(b, c)
		} else {
			b = append(b, '%', upperHex[c>>4], upperHex[c&15])
		}
	}
	return b
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '.' || c == '~'
}
