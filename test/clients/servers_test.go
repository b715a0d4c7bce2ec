package clients_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"
)

// connsvc is built by the Makefile.
const connsvc = "../../.bin/clients/connsvc"

const startTimeout = time.Minute

// start starts connsvc and waits until each pattern has matched in its output. It stops it
// when the test ends.
func start(t *testing.T, patterns []string, args ...string) (matches []string) {
	t.Helper()
	cmd := exec.Command(connsvc, args...)
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); writer.Close() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; err != nil {
			t.Errorf("connsvc ended with %v", err)
		}
	})
	found := make(chan []string, 1)
	go follow(reader, patterns, found)
	select {
	case matches = <-found:
	case <-time.After(startTimeout):
	}
	if len(matches) != len(patterns) {
		t.Fatalf("connsvc %v did not start", args)
	}
	return matches
}

// follow reads all output, and passes on what the patterns matched once all have.
func follow(output io.Reader, patterns []string, found chan<- []string) {
	text, matches := "", []string(nil)
	for scanner := bufio.NewScanner(output); scanner.Scan(); {
		if len(matches) == len(patterns) {
			continue
		}
		text, matches = text+scanner.Text()+"\n", nil
		for _, pattern := range patterns {
			if m := regexp.MustCompile(pattern).FindStringSubmatch(text); m != nil {
				matches = append(matches, m[1])
			}
		}
		if len(matches) == len(patterns) {
			found <- matches
		}
	}
	close(found)
}

// A dev is a running connsvc dev.
type dev struct{ grpc, rest, emulator string }

func startDev(t *testing.T) dev {
	t.Helper()
	free := "127.0.0.1:0"
	m := start(t, []string{`gRPC +(\S+)\n`, `REST +(http\S+)\n`, `emulator +(http\S+)\n`},
		"dev", "--grpc", free, "--rest", free, "--admin", free, "--emulator", free)
	return dev{m[0], m[1], m[2]}
}

func (d dev) env() []string {
	return []string{"CONNSVC_GRPC=" + d.grpc, "CONNSVC_REST=" + d.rest, "CONNSVC_EMULATOR=" + d.emulator}
}

// A secured is a connsvc with TLS and a static token.
type secured struct{ grpc, rest, ca, token string }

func serveTLS(t *testing.T) secured {
	t.Helper()
	dir := t.TempDir()
	token := rand64(t)
	hash := sha256.Sum256([]byte(token))
	write(t, filepath.Join(dir, "token.sha256"), hex.EncodeToString(hash[:]))
	write(t, filepath.Join(dir, "dli"), "a-token")
	issue(t, dir)
	emulator := start(t, []string{`(http://\S+)`}, "emulator", "--address", "127.0.0.1:0")[0]
	write(t, filepath.Join(dir, "connsvc.yaml"), fmt.Sprintf(`
grpc: {address: "127.0.0.1:0", tls: {cert_file: tls.crt, key_file: tls.key}}
rest: {address: "127.0.0.1:0", tls: {cert_file: tls.crt, key_file: tls.key}}
admin: {address: "127.0.0.1:0"}
auth: {tokens: [{name: scenes, sha256: {file: ./token.sha256}}]}
shutdown: {drain_delay: 0s}
upstreams: [{endpoint: %q, allow_plaintext: true, token: {file: ./dli}}]
`, emulator))
	m := start(t, []string{`"listening".*"grpc":"([^"]+)"`, `"listening".*"rest":"([^"]+)"`},
		"serve", "--config", filepath.Join(dir, "connsvc.yaml"))
	return secured{m[0], m[1], filepath.Join(dir, "ca.crt"), token}
}

func (s secured) env(t *testing.T) []string {
	t.Helper()
	ca, err := filepath.Abs(s.ca)
	if err != nil {
		t.Fatal(err)
	}
	_, grpcPort, _ := net.SplitHostPort(s.grpc)
	_, restPort, _ := net.SplitHostPort(s.rest)
	return []string{
		"CONNSVC_TLS=localhost:" + grpcPort, "CONNSVC_TLS_REST=https://localhost:" + restPort,
		"CONNSVC_CA=" + ca, "NODE_EXTRA_CA_CERTS=" + ca, "CONNSVC_TOKEN=" + s.token,
	}
}

// issue writes a CA, and a certificate for localhost.
func issue(t *testing.T, dir string) {
	t.Helper()
	caKey, key := newKey(t), newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "scenes CA"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	ca, err := x509.CreateCertificate(rand.Reader, template, template, &caKey.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: template.NotBefore, NotAfter: template.NotAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, template, &key.PublicKey, caKey)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		"ca.crt": {Type: "CERTIFICATE", Bytes: ca}, "tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: private},
	} {
		write(t, filepath.Join(dir, name), string(pem.EncodeToMemory(block)))
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func rand64(t *testing.T) string {
	t.Helper()
	var b [32]byte
	if _, err := rand.Read(b[:]); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(b[:])
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
