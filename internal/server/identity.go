package server

import (
	"crypto/x509"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// certificateIdentity returns who a caller is by its certificate: its SPIFFE ID or
// other URI, else its first DNS name, else the common name. It is empty where there is
// no certificate that was verified; p may be nil.
func certificateIdentity(p *peer.Peer) string {
	if p == nil {
		return ""
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok || len(info.State.VerifiedChains) == 0 {
		return ""
	}
	return identityOf(info.State.VerifiedChains[0][0])
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
