package signing

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"
)

// MaxSkew is how far X-Sdk-Date may be from the verifier's clock, either way.
const MaxSkew = 15 * time.Minute

// The errors of Verify.
var (
	// ErrNoSignature: the request bears no signature of this scheme.
	ErrNoSignature = errors.New("request is not signed")
	// ErrMalformed: the signature, or what it needs of the request, is not well formed.
	ErrMalformed = errors.New("signature is malformed")
	// ErrUnknownKey: nobody has the access key ID.
	ErrUnknownKey = errors.New("access key is unknown")
	// ErrExpired: X-Sdk-Date is further than MaxSkew from now.
	ErrExpired = errors.New("signature is expired")
	// ErrMismatch: the signature is not that of this request by this key.
	ErrMismatch = errors.New("signature does not match")
)

// unsignedPayload is what clients give for a hash when they leave the body out.
const unsignedPayload = "UNSIGNED-PAYLOAD"

// A Signature is what a signed request says of itself, before its body is read. Nothing
// of it is true until Verify has succeeded.
type Signature struct {
	AccessKeyID string
	At          time.Time // X-Sdk-Date
	// Unsigned means that the body is not protected (UNSIGNED-PAYLOAD).
	Unsigned bool

	request        *http.Request
	given          authorizationHeader
	date           string
	path, rawQuery string
}

// Read reads the signature of r. Errors are ErrNoSignature or ErrMalformed.
//
// The client chooses which headers it signs: only X-Sdk-Date must be among them.
// Path and query are taken from r.RequestURI, as they travelled. A client may give
// the body's hash in X-Sdk-Content-Sha256, which then must be right, or
// UNSIGNED-PAYLOAD, which leaves the body unprotected.
func Read(r *http.Request) (*Signature, error) {
	given, err := parseAuthorization(r.Header[headerAuthorization])
	if err != nil {
		return nil, err
	}
	s := &Signature{AccessKeyID: given.accessKeyID, request: r, given: given}
	if s.date, s.At, err = signedDate(r.Header, given.signed); err != nil {
		return nil, err
	}
	if s.path, s.rawQuery, err = target(r); err != nil {
		return nil, err
	}
	hashes := r.Header[headerContentSHA256]
	if len(hashes) > 1 {
		return nil, ErrMalformed
	}
	s.Unsigned = len(hashes) == 1 && hashes[0] == unsignedPayload
	return s, nil
}

// Expired reports whether the signature is further than MaxSkew from now.
func (s *Signature) Expired(now time.Time) bool {
	skew := now.Sub(s.At)
	return skew > MaxSkew || skew < -MaxSkew
}

// Verify checks the signature by the secret access key and the SHA-256 of the raw body.
// It does not check the date. Errors are ErrMalformed or ErrMismatch.
func (s *Signature) Verify(key string, body [sha256.Size]byte) error {
	if !payloadMatches(s.request.Header, body) {
		return ErrMismatch
	}
	var space [1024]byte
	canonical, ok := appendCanonical(space[:0], canonicalInput{
		method: s.request.Method, path: s.path, rawQuery: s.rawQuery,
		host: s.request.Host, header: s.request.Header, signed: s.given.signed, body: body,
	})
	if !ok {
		return ErrMalformed
	}
	want := sign(key, s.date, canonical)
	if subtle.ConstantTimeCompare(want[:], []byte(s.given.signature)) != 1 {
		return ErrMismatch
	}
	return nil
}

// Value returns the signature itself, in hexadecimal.
func (s *Signature) Value() string { return s.given.signature }

// Verify checks the signature of r, whose body is body. secret returns the secret
// access key of an access key ID; an empty one counts as none. Errors are
// ErrNoSignature, ErrMalformed, ErrUnknownKey, ErrExpired or ErrMismatch.
func Verify(r *http.Request, body []byte, secret func(accessKeyID string) (string, bool), now time.Time) error {
	s, err := Read(r)
	if err != nil {
		return err
	}
	key, known := secret(s.AccessKeyID)
	if !known || key == "" {
		return ErrUnknownKey
	}
	if s.Expired(now) {
		return ErrExpired
	}
	return s.Verify(key, sha256.Sum256(body))
}

// An authorizationHeader is what an Authorization header says.
type authorizationHeader struct {
	accessKeyID string
	signed      []header
	signature   string
}

func parseAuthorization(values []string) (authorizationHeader, error) {
	var a authorizationHeader
	if len(values) == 0 {
		return a, ErrNoSignature
	}
	scheme, rest, _ := strings.Cut(strings.TrimSpace(values[0]), " ")
	if scheme != algorithm {
		return a, ErrNoSignature
	}
	parts := strings.Split(rest, ",")
	if len(values) > 1 || len(parts) != 3 {
		return a, ErrMalformed
	}
	accessKeyID, ok1 := strings.CutPrefix(strings.TrimSpace(parts[0]), "Access=")
	names, ok2 := strings.CutPrefix(strings.TrimSpace(parts[1]), "SignedHeaders=")
	signature, ok3 := strings.CutPrefix(strings.TrimSpace(parts[2]), "Signature=")
	if !ok1 || !ok2 || !ok3 || accessKeyID == "" || len(signature) != 2*sha256.Size {
		return a, ErrMalformed
	}
	for name := range strings.SplitSeq(names, ";") {
		if !validName(name) {
			return a, ErrMalformed
		}
		a.signed = append(a.signed, header{name, textproto.CanonicalMIMEHeaderKey(name)})
	}
	a.accessKeyID, a.signature = accessKeyID, signature
	return a, nil
}

// validName reports whether name is a header name in the lower case that the
// scheme demands.
func validName(name string) bool {
	for i := range len(name) {
		c := name[i]
		if !unreserved(c) && !strings.ContainsRune("!#$%&'*+^`|", rune(c)) || 'A' <= c && c <= 'Z' {
			return false
		}
	}
	return name != ""
}

// signedDate returns X-Sdk-Date, as it travelled and as a time.
func signedDate(h http.Header, signed []header) (string, time.Time, error) {
	values := h[headerDate]
	// The length is checked because Parse takes a fraction that the layout lacks.
	if len(values) != 1 || len(values[0]) != len(dateLayout) {
		return "", time.Time{}, ErrMalformed
	}
	at, err := time.Parse(dateLayout, values[0])
	if err != nil {
		return "", time.Time{}, ErrMalformed
	}
	for _, s := range signed {
		if s.name == dateName {
			return values[0], at, nil
		}
	}
	return "", time.Time{}, ErrMalformed
}

// target returns the decoded path and the raw query as they travelled. A router
// may have rewritten r.URL; it leaves r.RequestURI alone.
func target(r *http.Request) (path, rawQuery string, err error) {
	if !strings.HasPrefix(r.RequestURI, "/") {
		return r.URL.Path, r.URL.RawQuery, nil
	}
	rawPath, rawQuery, _ := strings.Cut(r.RequestURI, "?")
	path, err = url.PathUnescape(rawPath)
	if err != nil {
		return "", "", ErrMalformed
	}
	return path, rawQuery, nil
}

// payloadMatches reports whether X-Sdk-Content-Sha256, where given, is true of
// the body. Without this check, whoever saw a signed request could send it with
// another body and the first one's hash in that header.
func payloadMatches(h http.Header, body [sha256.Size]byte) bool {
	values := h[headerContentSHA256]
	if len(values) == 0 || values[0] == "" || values[0] == unsignedPayload {
		return true
	}
	return strings.EqualFold(values[0], hex.EncodeToString(body[:]))
}
