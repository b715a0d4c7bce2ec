package server

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

// maxPEMFile is the largest file of certificates that is read: 1 MiB.
const maxPEMFile = 1 << 20

// tlsFiles are the files of a port's TLS.
type tlsFiles struct{ cert, key, clientCA string }

// newTLSFiles returns the configured files; relative paths start at dir.
func newTLSFiles(cfg *configv1.TLS, dir string) tlsFiles {
	absolute := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	return tlsFiles{absolute(cfg.GetCertFile()), absolute(cfg.GetKeyFile()), absolute(cfg.GetClientCaFile())}
}

// A tlsContent is what the files held, and the sum of it.
type tlsContent struct {
	cert, key, clientCA []byte // clientCA is nil where no file is configured
	sum                 [sha256.Size]byte
}

// read reads all files, through whatever symlinks there are now: Kubernetes
// changes a mounted secret by changing one of them.
func (f tlsFiles) read() (tlsContent, error) {
	var content tlsContent
	var errs [3]error
	content.cert, errs[0] = readPEM(f.cert)
	content.key, errs[1] = readPEM(f.key)
	content.clientCA, errs[2] = readPEM(f.clientCA)
	sum := sha256.New()
	for i, part := range [][]byte{content.cert, content.key, content.clientCA} {
		fmt.Fprintf(sum, "%d %v ", len(part), errs[i])
		sum.Write(part)
	}
	sum.Sum(content.sum[:0])
	return content, errors.Join(errs[:]...)
}

func readPEM(path string) ([]byte, error) {
	if path == "" {
		return nil, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxPEMFile+1))
	if err != nil {
		return nil, err
	}
	if len(content) > maxPEMFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxPEMFile)
	}
	return content, nil
}

// parse makes the TLS of a port, and says until when its certificate is good. One
// that is past that is an error: no client would take it.
func (f tlsFiles) parse(content tlsContent, now time.Time) (*tls.Config, time.Time, error) {
	pair, pairErr := tls.X509KeyPair(content.cert, content.key)
	if pairErr != nil {
		pairErr = fmt.Errorf("%s, %s: %w", f.cert, f.key, pairErr)
	} else if now.After(pair.Leaf.NotAfter) {
		pairErr = fmt.Errorf("%s: expired on %s", f.cert, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}
	var poolErr error
	if f.clientCA != "" {
		config.ClientAuth = tls.RequireAndVerifyClientCert
		// A session that is resumed would outlive the trust in its certificate.
		config.SessionTicketsDisabled = true
		if config.ClientCAs, poolErr = parsePool(content.clientCA); poolErr != nil {
			poolErr = fmt.Errorf("%s: %w", f.clientCA, poolErr)
		}
	}
	if err := errors.Join(pairErr, poolErr); err != nil {
		return nil, time.Time{}, err
	}
	return config, pair.Leaf.NotAfter, nil
}

// parsePool reads a bundle of CAs. AppendCertsFromPEM passes over what it cannot
// read; here half a bundle is an error, as callers of the other half are cut off.
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
