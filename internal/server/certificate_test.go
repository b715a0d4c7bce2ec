package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// secured starts a server whose three ports have their TLS of one folder, and look
// at it often.
func secured(t testing.TB, f folder) *bench {
	t.Helper()
	return start(t, &stub{}, setup{
		config: func(c *configv1.Config) { c.Grpc.Tls, c.Rest.Tls, c.Admin.Tls = f.tls(), f.tls(), f.tls() },
		options: func(o *server.Options) {
			*o = o.WithTLSInterval(5 * time.Millisecond)
		},
	})
}

func (b *bench) ports() map[string]net.Addr {
	return map[string]net.Addr{"grpc": b.server.GRPCAddr(), "rest": b.server.RESTAddr(), "admin": b.server.AdminAddr()}
}

// shake connects with TLS and returns the common name of the port's certificate.
// A refusal of the client's certificate comes after the handshake (TLS 1.3), so it
// reads, too.
func shake(addr net.Addr, config *tls.Config) (string, error) {
	config.NextProtos = []string{"h2"}
	conn, err := tls.Dial("tcp", addr.String(), config)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return "", err
	}
	// The frame of HTTP/2 settings that every server sends first, once it has the preface.
	if _, err := io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"); err != nil {
		return "", err
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		return "", err
	}
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName, nil
}

// awaitName waits until every port shows a certificate of this name.
func (b *bench) awaitName(t *testing.T, a *authority, want string) {
	t.Helper()
	for port, addr := range b.ports() {
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			got, err := shake(addr, &tls.Config{RootCAs: a.pool()})
			if err != nil {
				t.Fatalf("%s: %v", port, err)
			}
			if got == want {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: shows %q, want %q", port, got, want)
			}
		}
	}
}

// TestNewCertificateIsTaken from a mounted secret, which changes at once.
func TestNewCertificateIsTaken(t *testing.T) {
	a := newAuthority(t)
	f := newFolder(t, a.issue(t, "old"), nil)
	b := secured(t, f)
	b.awaitName(t, a, "old")
	f.write(t, a.issue(t, "new").files())
	b.awaitName(t, a, "new")
	if text := b.logs.String(); strings.Contains(text, "not usable") {
		t.Errorf("a change is taken for a fault:\n%s", text)
	}
}

// TestNewFilesAreTaken from plain files, which change one after the other.
func TestNewFilesAreTaken(t *testing.T) {
	a := newAuthority(t)
	f := folder(t.TempDir())
	put := func(name string) {
		for file, content := range a.issue(t, name).files() {
			if err := os.WriteFile(f.path(file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("old")
	b := secured(t, f)
	b.awaitName(t, a, "old")
	put("new")
	b.awaitName(t, a, "new")
}

// TestBadFileKeepsTheOldPair, counts once, and does not stand in the way of a
// good one.
func TestBadFileKeepsTheOldPair(t *testing.T) {
	a := newAuthority(t)
	for name, spoilt := range map[string]map[string][]byte{
		"cut":         {"tls.crt": []byte("-----BEGIN CERTIFICATE-----\nMII")},
		"empty":       {"tls.key": {}},
		"another key": {"tls.key": a.issue(t, "other").key},
		"expired":     a.issue(t, "expired", expired).files(),
		"gone":        {"tls.crt": nil},
		"too large":   {"tls.crt": make([]byte, 1<<20+1)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFolder(t, a.issue(t, "old"), nil)
			b := start(t, &stub{}, setup{
				config:  func(c *configv1.Config) { c.Grpc.Tls, c.Rest.Tls = f.tls(), f.tls() },
				options: func(o *server.Options) { *o = o.WithTLSInterval(time.Millisecond) },
			})
			f.write(t, spoilt)
			for _, port := range []string{"grpc", "rest"} {
				b.awaitMetric(t, "connsvc_tls_reloads_total", map[string]string{"port": port, "result": "failed"})
			}
			for port, addr := range b.ports() {
				if port == "admin" {
					continue
				}
				if got, err := shake(addr, &tls.Config{RootCAs: a.pool()}); got != "old" {
					t.Errorf("%s: shows %q, %v", port, got, err)
				}
			}
			f.write(t, a.issue(t, "new").files())
			b.awaitMetric(t, "connsvc_tls_reloads_total", map[string]string{"port": "rest", "result": "ok"})
			if got, err := shake(b.server.RESTAddr(), &tls.Config{RootCAs: a.pool()}); got != "new" {
				t.Errorf("afterwards: shows %q, %v", got, err)
			}
			b.awaitMetric(t, "connsvc_tls_reloads_total", map[string]string{"port": "rest", "result": "failed"})
		})
	}
}

// TestBrokenFilesStopTheStart: all problems at once, and nothing listens.
func TestBrokenFilesStopTheStart(t *testing.T) {
	a := newAuthority(t)
	good := newFolder(t, a.issue(t, "good"), nil)
	cfg := testConfig()
	cfg.Grpc.Tls = newFolder(t, a.issue(t, "late", expired), nil).tls()
	cfg.Rest.Tls = &configv1.TLS{CertFile: good.path("tls.crt"), KeyFile: good.path("none"), ClientCaFile: good.path("none-either")}
	cfg.Admin.Tls = &configv1.TLS{CertFile: good.path("tls.key"), KeyFile: good.path("tls.key"), ClientCaFile: good.path("tls.key")}
	srv, err := server.New(cfg, testOptions(t, &stub{}, io.Discard))
	if err == nil {
		srv.Close()
		t.Fatal("it listens")
	}
	for _, want := range []string{"grpc: ", "expired on ", "rest: ", "none: no such file", "none-either: no such file", "admin: ", "no certificate in PEM form"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
	if !errors.Is(err, server.ErrTLS) {
		t.Errorf("it is not marked: %v", err)
	}
}

func TestHalfABundleIsNone(t *testing.T) {
	a := newAuthority(t)
	f := newFolder(t, a.issue(t, "good"), a)
	f.write(t, map[string][]byte{"ca.crt": append(a.pem, pemOf("CERTIFICATE", []byte("no DER"))...)})
	cfg := testConfig()
	cfg.Grpc.Tls = f.tls()
	if srv, err := server.New(cfg, testOptions(t, &stub{}, io.Discard)); err == nil {
		srv.Close()
		t.Error("it listens")
	}
}

// TestTLSNeedsNoOtherLeave: with a certificate a port may be beyond loopback, and
// relative paths start where the configuration is.
func TestTLSNeedsNoOtherLeave(t *testing.T) {
	a := newAuthority(t)
	f := newFolder(t, a.issue(t, "good"), nil)
	cfg, options := testConfig(), testOptions(t, &stub{}, io.Discard)
	cfg.Rest = &configv1.Listener{Address: ":0", Tls: &configv1.TLS{CertFile: "tls.crt", KeyFile: "tls.key"}}
	options.Dir = string(f)
	srv, err := server.New(cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	srv.Close()
}

func TestOldTLSIsRefused(t *testing.T) {
	a := newAuthority(t)
	b := secured(t, newFolder(t, a.issue(t, "good"), nil))
	for port, addr := range b.ports() {
		if _, err := shake(addr, &tls.Config{RootCAs: a.pool(), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
			t.Errorf("%s: takes TLS 1.1", port)
		}
		if _, err := shake(addr, &tls.Config{RootCAs: a.pool(), MaxVersion: tls.VersionTLS12}); err != nil {
			t.Errorf("%s: refuses TLS 1.2: %v", port, err)
		}
		if _, err := shake(addr, &tls.Config{RootCAs: newAuthority(t).pool()}); err == nil {
			t.Errorf("%s: a client that trusts another CA takes it", port)
		}
		if conn, err := net.Dial("tcp", addr.String()); err != nil {
			t.Error(err)
		} else {
			_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			text, _ := io.ReadAll(conn)
			conn.Close()
			if strings.Contains(string(text), "200 OK") {
				t.Errorf("%s: serves plaintext: %q", port, text)
			}
		}
	}
}
