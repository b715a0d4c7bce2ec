// Package signing signs and verifies HTTP requests by SDK-HMAC-SHA256, the AK/SK
// scheme of Huawei Cloud and Open Telekom Cloud. It knows neither DLI nor where
// keys come from, and it never reads a request's body: callers hand it over whole,
// as it travels. What Sign signs, Verify accepts.
package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"time"
)

// Scheme is the scheme of the Authorization header.
const Scheme = "SDK-HMAC-SHA256"

const (
	algorithm  = Scheme
	dateLayout = "20060102T150405Z"

	// The canonical forms, so that the header map can be used directly.
	headerAuthorization = "Authorization"
	headerDate          = "X-Sdk-Date"
	headerSecurityToken = "X-Security-Token"
	headerContentSHA256 = "X-Sdk-Content-Sha256"

	dateName = "x-sdk-date"
	hostName = "host"
)

// A header is a signed header: its name as signed, and as the map has it.
type header struct{ name, key string }

// signable are the headers that Sign signs where the request has them, in the
// order of their names. User-Agent is not among them: proxies rewrite it.
var signable = [...]header{
	{"content-type", "Content-Type"},
	{hostName, ""},
	{"x-project-id", "X-Project-Id"},
	{dateName, headerDate},
	{"x-security-token", headerSecurityToken},
}

// Sign signs r, whose body is body, as of now: it sets X-Sdk-Date, with temporary
// credentials X-Security-Token (and removes a stale one otherwise), and
// Authorization. It signs Host, Content-Type, X-Project-Id and what it sets: a
// header set or changed later voids the signature only if it is one of those.
func Sign(r *http.Request, body []byte, c Credentials, now time.Time) {
	if r.Header == nil {
		r.Header = make(http.Header)
	}
	date := now.UTC().Format(dateLayout)
	r.Header[headerDate] = []string{date}
	if c.SecurityToken != "" {
		r.Header[headerSecurityToken] = []string{c.SecurityToken}
	} else {
		delete(r.Header, headerSecurityToken)
	}
	var present [len(signable)]header
	signed := present[:0]
	for _, h := range signable {
		if h.name == hostName || len(r.Header[h.key]) > 0 {
			signed = append(signed, h)
		}
	}
	host := r.Host
	if host == "" {
		host = r.URL.Host
	}

	var space [1024]byte
	// A query that cannot be decoded is signed as far as it can be; the receiver
	// will refuse the request for it anyway.
	canonical, _ := appendCanonical(space[:0], canonicalInput{
		method: r.Method, path: r.URL.Path, rawQuery: r.URL.RawQuery,
		host: host, header: r.Header, signed: signed, body: sha256.Sum256(body),
	})
	signature := sign(c.SecretAccessKey, date, canonical)
	r.Header[headerAuthorization] = []string{authorization(c.AccessKeyID, signed, signature)}
}

// sign returns the signature, in hexadecimal, of a canonical request.
func sign(secret, date string, canonical []byte) [2 * sha256.Size]byte {
	hash := sha256.Sum256(canonical)
	var space [128]byte
	text := append(space[:0], algorithm+"\n"...)
	text = append(text, date...)
	text = append(text, '\n')
	text = hex.AppendEncode(text, hash[:])

	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(text)
	var sum [sha256.Size]byte
	var signature [2 * sha256.Size]byte
	hex.Encode(signature[:], mac.Sum(sum[:0]))
	return signature
}

// authorization returns the value of the Authorization header.
func authorization(accessKeyID string, signed []header, signature [2 * sha256.Size]byte) string {
	var space [256]byte
	b := append(space[:0], algorithm+" Access="...)
	b = append(b, accessKeyID...)
	b = append(b, ", SignedHeaders="...)
	b = appendNames(b, signed)
	b = append(b, ", Signature="...)
	b = append(b, signature[:]...)
	return string(b)
}
