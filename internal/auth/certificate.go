package auth

import (
	"crypto/x509"
	"regexp"
	"strings"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/connsvc/connsvc/internal/call"
)

// maxHostName is the length of the longest host name, in characters.
const maxHostName = 253

// hostName is a name of RFC 1123: labels of letters, digits and hyphens. It has no colon
// and no slash, so none can pass for a SPIFFE ID.
var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// byCertificate returns the principal of a verified certificate: its SPIFFE ID, or else
// its first DNS name. A common name is no identity: nothing says what it means.
func byCertificate(c *x509.Certificate) (*call.Principal, *Error) {
	for _, uri := range c.URIs {
		if uri.Scheme != "spiffe" {
			continue
		}
		id, err := spiffeid.FromURI(uri)
		if err != nil || len(c.URIs) > 1 { // SPIFFE forbids a second URI
			return nil, &Error{Kind: Invalid, Err: errSPIFFE}
		}
		return call.NewPrincipal(call.MTLS, id.String(), nil, nil), nil
	}
	if len(c.DNSNames) == 0 {
		return nil, &Error{Kind: Invalid, Err: errNoIdentity}
	}
	name := strings.ToLower(c.DNSNames[0])
	if len(name) > maxHostName || !hostName.MatchString(name) {
		return nil, &Error{Kind: Invalid, Err: errDNSName}
	}
	return call.NewPrincipal(call.MTLS, name, nil, nil), nil
}
