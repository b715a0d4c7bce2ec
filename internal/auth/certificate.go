package auth

import (
	"crypto/x509"

	"github.com/connsvc/connsvc/internal/call"
)

// byCertificate returns the principal of a verified certificate: its SPIFFE ID, or else
// its first DNS name. A common name is no identity: nothing says what it means.
func byCertificate(c *x509.Certificate) (*call.Principal, *Error) {
	for _, uri := range c.URIs {
		if uri.Scheme == "spiffe" && len(c.URIs) == 1 { // as SPIFFE demands
			return call.NewPrincipal(call.MTLS, uri.String(), nil, nil), nil
		}
	}
	if len(c.DNSNames) > 0 {
		return call.NewPrincipal(call.MTLS, c.DNSNames[0], nil, nil), nil
	}
	return nil, &Error{Kind: Invalid, Err: errNoIdentity}
}
