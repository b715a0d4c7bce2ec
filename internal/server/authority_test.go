package server_test

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

// An authority signs certificates.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{key: newKey(t)}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	if a.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	a.pem = pemOf("CERTIFICATE", der)
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

func pemOf(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// An issued certificate, and its key.
type issued struct{ cert, key []byte }

func (i issued) pair(t testing.TB) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(i.cert, i.key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// issue signs a certificate for 127.0.0.1 called name, changed as change does.
func (a *authority) issue(t testing.TB, name string, change ...func(*x509.Certificate)) issued {
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
	return issued{pemOf("CERTIFICATE", der), pemOf("EC PRIVATE KEY", encoded)}
}

func expired(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }

func uris(t testing.TB, all ...string) func(*x509.Certificate) {
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

// A folder is where a port's files of TLS are, as Kubernetes mounts a secret:
// "tls.crt" is a link to "..data/tls.crt", "..data" one to a folder, and a change
// of some files replaces that link.
type folder string

// newFolder writes a certificate, and the CA of clients if there is one.
func newFolder(t testing.TB, i issued, clients *authority) folder {
	t.Helper()
	f := folder(t.TempDir())
	files := i.files()
	if clients != nil {
		files["ca.crt"] = clients.pem
	}
	f.write(t, files)
	for name := range files {
		if err := os.Symlink(filepath.Join("..data", name), f.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func (f folder) path(name string) string { return filepath.Join(string(f), name) }

// write replaces some files, all in one step; one without content goes.
func (f folder) write(t testing.TB, files map[string][]byte) {
	t.Helper()
	before, _ := filepath.EvalSymlinks(f.path("..data"))
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
		if err := os.WriteFile(filepath.Join(next, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(filepath.Base(next), f.path("..data_tmp")); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(f.path("..data_tmp"), f.path("..data")); err != nil {
		t.Fatal(err)
	}
	if before != "" {
		if err := os.RemoveAll(before); err != nil {
			t.Fatal(err)
		}
	}
}

// files are those of a certificate.
func (i issued) files() map[string][]byte {
	return map[string][]byte{"tls.crt": i.cert, "tls.key": i.key}
}

// tls is the configuration of a port with these files.
func (f folder) tls() *configv1.TLS {
	c := &configv1.TLS{CertFile: f.path("tls.crt"), KeyFile: f.path("tls.key")}
	if _, err := os.Stat(f.path("ca.crt")); err == nil {
		c.ClientCaFile = f.path("ca.crt")
	}
	return c
}
