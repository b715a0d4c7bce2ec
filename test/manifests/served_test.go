package manifests_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// scrapeAll returns what a connsvc with calls behind it, and one with TLS and authentication, serve.
func scrapeAll(t *testing.T) series {
	t.Helper()
	served := series{}
	dev := startDev(t)
	callAll(t, dev)
	scrape(t, served, "http://"+dev.admin)
	scrape(t, served, "http://"+startWithTLS(t).admin)
	return served
}

func startWithTLS(t *testing.T) process {
	t.Helper()
	return start(t, []string{"TOKEN=none", "SHA256=" + strings.Repeat("0", 64)}, "serve", "--config="+withTLS(t))
}

func startDev(t *testing.T) process {
	t.Helper()
	return start(t, nil, "dev", "--grpc=127.0.0.1:0", "--rest=127.0.0.1:0", "--admin=127.0.0.1:0", "--emulator=127.0.0.1:0")
}

// callAll makes calls that succeed and one that fails, with a reason.
func callAll(t *testing.T, p process) {
	t.Helper()
	const connections = "/v2.0/48cc2c48765f481480c7db940d6409d1/datasource/enhanced-connections"
	for _, path := range []string{connections, connections + "/none"} {
		resp, err := http.Get("http://" + p.rest + path)
		if err != nil {
			t.Fatal(err)
		}
		drain(resp.Body)
		resp.Body.Close()
	}
}

// A process is a connsvc that listens.
type process struct{ rest, admin string }

// start runs a connsvc until the test ends.
func start(t *testing.T, env []string, args ...string) process {
	t.Helper()
	command := exec.CommandContext(t.Context(), connsvc, args...)
	command.Env = append(os.Environ(), env...)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	lines := bufio.NewScanner(stderr)
	var log []string
	for lines.Scan() {
		var line struct{ Msg, Rest, Admin string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
			go io.Copy(io.Discard, stderr)
			return process{line.Rest, line.Admin}
		}
		log = append(log, lines.Text())
	}
	t.Fatalf("connsvc %s does not listen:\n%s", strings.Join(args, " "), strings.Join(log, "\n"))
	return process{}
}

// withTLS writes a configuration with a certificate, and returns its name.
func withTLS(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "connsvc"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"tls.crt": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"tls.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		file: []byte(`
grpc: {address: "127.0.0.1:0", tls: {cert_file: tls.crt, key_file: tls.key, client_ca_file: tls.crt}}
rest: {address: "127.0.0.1:0", tls: {cert_file: tls.crt, key_file: tls.key}}
admin: {address: "127.0.0.1:0"}
auth: {tokens: [{name: a, sha256: {env: SHA256}}]}
audit: {}
upstreams:
  - endpoint: https://127.0.0.1:9
    token: {env: TOKEN}
    tls: {cert_file: tls.crt, key_file: tls.key}
`),
	} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(folder, file)
}
