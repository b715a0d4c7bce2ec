// Package certstest issues certificates for tests and lays their files out as
// Kubernetes mounts a secret. Only tests import it.
package certstest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// An Authority is a CA.
type Authority struct {
	CA     []byte    // its certificate, in PEM form
	Expiry time.Time // of CA

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority returns a CA that is valid for an hour, after change was applied to its
// template.
func NewAuthority(t testing.TB, change ...func(*x509.Certificate)) *Authority {
	t.Helper()
	a := &Authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	for _, c := range change {
		c(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.CA, a.Expiry = PEM("CERTIFICATE", der), a.certificate.NotAfter
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// PEM encodes a block of PEM.
func PEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// Pool returns a pool with this CA only.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// An Issued certificate and its key, in PEM form.
type Issued struct{ Cert, Key []byte }

// Pair returns the parsed pair.
func (i Issued) Pair(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(i.Cert, i.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// Issue signs a certificate for 127.0.0.1 with a common name, after change was
// applied to its template.
func (a *Authority) Issue(t testing.TB, name string, change ...func(*x509.Certificate)) Issued {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, c := range change {
		c(template)
	}
	key := newKey(t)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return Issued{PEM("CERTIFICATE", der), PEM("EC PRIVATE KEY", encoded)}
}

// Expired lets a certificate expire a minute ago.
func Expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

// URIs adds URIs to a certificate.
func URIs(t testing.TB, all ...string) func(*x509.Certificate) {
	t.Helper()
	return func(c *x509.Certificate) {
		for _, text := range all {
			uri, err := url.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			c.URIs = append(c.URIs, uri)
		}
	}
}

// A Folder contains a listener's TLS files, laid out as Kubernetes mounts a secret:
// "tls.crt" is a symlink to "..data/tls.crt", "..data" is one to a folder, and an
// update replaces "..data".
type Folder string

// NewFolder writes a certificate, and the clients' CA unless it is nil.
func NewFolder(t testing.TB, i Issued, clients *Authority) Folder {
	t.Helper()
	f := Folder(t.TempDir())
	files := i.Files()
	if clients != nil {
		files["ca.crt"] = clients.CA
	}
	f.Write(t, files)
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), f.Path(name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// Path returns the path of a file.
func (f Folder) Path(name string) string { return filepath.Join(string(f), name) }

// Write replaces some files in one step; a nil content removes the file.
func (f Folder) Write(t testing.TB, files map[string][]byte) {
	t.Helper()
	before, _ := filepath.EvalSymlinks(f.Path("..data"))
	next, err := os.MkdirTemp(string(f), "version") //nolint:usetesting // beside the one before
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls.crt", "tls.key", "ca.crt"} {
		content, changed := files[name]
		if !changed && before != "" {
			content, _ = os.ReadFile(filepath.Join(before, name))
		}
		if content == nil {
			continue
		}
		if err := os.WriteFile(filepath.Join(next, name), content, 0o600); err != nil { //nolint:gosec // a folder of the test
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Base(next), f.Path("..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.Path("..data_tmp"), f.Path("..data")); err != nil {
		t.Fatal(err)
	}
	if before != "" {
		if err := os.RemoveAll(before); err != nil {
			t.Fatal(err)
		}
	}
}

// Files returns the pair as the files of a folder.
func (i Issued) Files() map[string][]byte {
	return map[string][]byte{"tls.crt": i.Cert, "tls.key": i.Key}
}

// TLS returns the configuration of a listener with these files.
func (f Folder) TLS() *configv1.TLS {
	c := &configv1.TLS{CertFile: f.Path("tls.crt"), KeyFile: f.Path("tls.key")}
	if _, err := os.Stat(f.Path("ca.crt")); err == nil {
		c.ClientCaFile = f.Path("ca.crt")
	}
	return c
}
