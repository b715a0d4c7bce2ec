package auth

import (
	"errors"
	"fmt"
)

// A Failure is why a caller is not authenticated.
type Failure string

// All failures.
const (
	Missing   Failure = "missing"   // no credentials
	Malformed Failure = "malformed" // not in the form of their kind
	Unknown   Failure = "unknown"   // a token, an issuer or a key that is not configured
	Invalid   Failure = "invalid"   // a signature or a claim that is wrong
	Expired   Failure = "expired"   // or not valid yet
	Replayed  Failure = "replayed"  // a signed request that came before
	// Unavailable: they cannot be checked now.
	Unavailable Failure = "unavailable"
)

// failures are all of them, for metrics that start at 0.
var failures = [...]Failure{Missing, Malformed, Unknown, Invalid, Expired, Replayed, Unavailable}

// An Error is why a caller is not authenticated. Its text is for the log and contains
// no credential.
type Error struct {
	Kind Failure
	Err  error // may be nil
}

var (
	errRepeated     = errors.New("the header Authorization was sent more than once")
	errLength       = errors.New("the credentials are empty or too long")
	errUnknownToken = errors.New("no such token")
	errNoIdentity   = errors.New("the client certificate has neither a SPIFFE ID nor a DNS name")
	errSPIFFE       = errors.New("the URI of the client certificate is not a valid SPIFFE ID, or not its only one")
	errDNSName      = errors.New("the first DNS name of the client certificate is not a host name")
)

// Error returns the kind and the cause.
func (e *Error) Error() string {
	if e.Err == nil {
		return "authentication: " + string(e.Kind)
	}
	return fmt.Sprintf("authentication: %s: %v", e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Message returns the text for the caller. It does not say which part of the
// credentials is wrong, but what the caller can do.
func (e *Error) Message() string {
	switch e.Kind {
	case Missing:
		return "the request has no credentials"
	case Expired:
		return "the credentials are expired or not valid yet: get new ones, and check the clock"
	case Replayed:
		return "the signed request was received before: sign it again"
	case Unavailable:
		if errors.Is(e.Err, errTooMany) {
			return "the access key has signed too many changes within the last minutes; retry later"
		}
		return "the credentials cannot be checked now: the keys of their issuer are not available; retry later"
	default:
		return "the credentials are not valid"
	}
}
