package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// maxFileBytes limits a certificate or key file: 1 MiB.
const maxFileBytes = 1 << 20

// files are the paths of a listener's TLS files.
type files struct{ cert, key, clientCA string }

// newFiles returns the configured paths; relative ones start at dir.
func newFiles(cfg *configv1.TLS, dir string) files {
	absolute := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	return files{absolute(cfg.GetCertFile()), absolute(cfg.GetKeyFile()), absolute(cfg.GetClientCaFile())}
}

// A content is what the files contain, and its hash.
type content struct {
	cert, key, clientCA []byte // clientCA is nil if no file is configured
	sum                 [sha256.Size]byte
}

// read reads all files. It follows symlinks anew each time: Kubernetes updates a
// mounted secret by replacing one.
func (f files) read() (content, error) {
	var c content
	var errs [3]error
	c.cert, errs[0] = readFile(f.cert)
	c.key, errs[1] = readFile(f.key)
	c.clientCA, errs[2] = readFile(f.clientCA)
	sum := sha256.New()
	for i, part := range [][]byte{c.cert, c.key, c.clientCA} {
		fmt.Fprintf(sum, "%d %v ", len(part), errs[i])
		sum.Write(part)
	}
	sum.Sum(c.sum[:0])
	return c, errors.Join(errs[:]...)
}

func readFile(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxFileBytes {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxFileBytes)
	}
	return data, nil
}

// parse returns the TLS configuration and when its certificate expires. An expired
// certificate is an error, as clients reject it.
func (f files) parse(c content, now time.Time) (*tls.Config, time.Time, error) {
	pair, pairErr := tls.X509KeyPair(c.cert, c.key)
	if pairErr != nil {
		pairErr = fmt.Errorf("%s, %s: %w", f.cert, f.key, pairErr)
	} else if now.After(pair.Leaf.NotAfter) {
		pairErr = fmt.Errorf("%s: expired on %s", f.cert, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	var poolErr error
	if f.clientCA != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		// A resumed session would stay trusted after its CA is removed.
		config.SessionTicketsDisabled = true
		if config.ClientCAs, poolErr = parsePool(c.clientCA); poolErr != nil {
			poolErr = fmt.Errorf("%s: %w", f.clientCA, poolErr)
		}
	}
	if err := errors.Join(pairErr, poolErr); err != nil {
		return nil, time.Time{}, err
	}
	return config, pair.Leaf.NotAfter, nil
}

// parsePool reads a bundle of CAs. Unlike AppendCertsFromPEM it fails if one of
// them cannot be parsed: callers of the skipped CA would be locked out.
func parsePool(bundle []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	found := false
	for block, rest := pem.Decode(bundle); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			continue
		}
		ca, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		pool.AddCert(ca)
		found = true
	}
	if !found {
		return nil, errors.New("no certificate in PEM form")
	}
	return pool, nil
}
