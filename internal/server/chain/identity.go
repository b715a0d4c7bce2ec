package chain

import (
	"crypto/tls"
	"crypto/x509"
)

// Identity returns the caller's name in its verified client certificate: its SPIFFE ID
// or other URI, else its first DNS name, else the common name. It is empty without
// such a certificate; state may be nil.
func Identity(state *tls.ConnectionState) string {
	if c := Certificate(state); c != nil {
		return identityOf(c)
	}
	return ""
}

// Certificate returns the caller's verified client certificate, or nil; state may be nil.
func Certificate(state *tls.ConnectionState) *x509.Certificate {
	if state == nil || len(state.VerifiedChains) == 0 {
		return nil
	}
	return state.VerifiedChains[0][0]
}

func identityOf(c *x509.Certificate) string {
	for _, uri := range c.URIs {
		if uri.Scheme == "spiffe" {
			return uri.String()
		}
	}
	switch {
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	default:
		return c.Subject.CommonName
	}
}
