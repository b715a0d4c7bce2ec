package certs

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/watch"
)

// maxFileBytes limits a certificate or key file: 1 MiB.
const maxFileBytes = 1 << 20

// files are the paths of a listener's TLS files.
type files struct{ cert, key, clientCA string }

// newFiles returns the configured paths; relative ones start at dir.
func newFiles(cfg *configv1.TLS, dir string) files {
	return files{watch.Path(dir, cfg.GetCertFile()), watch.Path(dir, cfg.GetKeyFile()), watch.Path(dir, cfg.GetClientCaFile())}
}

// read reads all files. The client CA's is nil if none is configured.
func (f files) read() watch.Content {
	return watch.Read(maxFileBytes, f.cert, f.key, f.clientCA)
}

// A parsed is what the files of a listener contain.
type parsed struct {
	config    *tls.Config
	expiry    time.Time   // of the certificate
	clientCAs []time.Time // when each expires
}

// clientCAExpiry returns when the first client CA expires that has not yet: an expired
// one beside it is left over from a rotation. It is the last one if all have.
func (p *parsed) clientCAExpiry(now time.Time) time.Time {
	var first, last time.Time
	for _, expiry := range p.clientCAs {
		if expiry.After(now) && (first.IsZero() || expiry.Before(first)) {
			first = expiry
		}
		if expiry.After(last) {
			last = expiry
		}
	}
	if first.IsZero() {
		return last
	}
	return first
}

// parse returns what the files contain. An expired certificate is an error, as clients
// reject it.
func (f files) parse(c watch.Content, now time.Time) (*parsed, error) {
	if c.Err != nil {
		return nil, c.Err
	}
	cert, key, clientCA := c.Files[0], c.Files[1], c.Files[2]
	pair, pairErr := ParsePair(cert, key, now)
	if pairErr != nil {
		pairErr = fmt.Errorf("%s, %s: %w", f.cert, f.key, pairErr)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	// Keys of its own: a session of the previous certificate would be resumed with those
	// of the listener.
	var ticketKey [32]byte
	_, _ = rand.Read(ticketKey[:]) // never fails
	config.SetSessionTicketKeys([][32]byte{ticketKey})
	var clientCAs []time.Time
	var poolErr error
	if f.clientCA != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		// A resumed session would stay trusted after its CA is removed.
		config.SessionTicketsDisabled = true
		if config.ClientCAs, clientCAs, poolErr = ParsePool(clientCA); poolErr != nil {
			poolErr = fmt.Errorf("%s: %w", f.clientCA, poolErr)
		}
	}
	if err := errors.Join(pairErr, poolErr); err != nil {
		return nil, err
	}
	return &parsed{config, pair.Leaf.NotAfter, clientCAs}, nil
}

// ParsePair reads a certificate with its chain and its key, in PEM form. An expired
// certificate is an error, as the other side rejects it.
func ParsePair(cert, key []byte, now time.Time) (tls.Certificate, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err == nil && now.After(pair.Leaf.NotAfter) {
		err = fmt.Errorf("the certificate expired on %s", pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return pair, err
}

// ParsePool reads a bundle of CAs, and when each expires. Unlike AppendCertsFromPEM it fails if one of
// them cannot be parsed: those whose CA was skipped would be locked out.
func ParsePool(bundle []byte) (pool *x509.CertPool, expiries []time.Time, err error) {
	pool = x509.NewCertPool()
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, nil, err
		}
		pool.AddCert(ca)
		expiries = append(expiries, ca.NotAfter)
	}
	if len(expiries) == 0 {
		return nil, nil, errors.New("no certificate in PEM form")
	}
	return pool, expiries, nil
}
