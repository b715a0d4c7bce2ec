package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/certs/certstest"
)

// everywhere configures a folder's files at all listeners.
func everywhere(f certstest.Folder) *configv1.Config {
	return &configv1.Config{Grpc: &configv1.Listener{Tls: f.TLS()}, Rest: &configv1.Listener{Tls: f.TLS()}, Admin: &configv1.Listener{Tls: f.TLS()}}
}

func load(cfg *configv1.Config) error {
	_, err := certs.Load(cfg, certs.Options{Log: slog.New(slog.DiscardHandler), Meter: noop.NewMeterProvider().Meter("")})
	return err
}

// TestNewCertificateIsTaken from a mounted secret, which changes at once.
func TestNewCertificateIsTaken(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "old"), nil)
	w := watch(t, everywhere(f))
	w.awaitShown(t, a, "old")
	f.Write(t, a.Issue(t, "new").Files())
	w.awaitShown(t, a, "new")
	if text := w.log.String(); strings.Contains(text, "rejected") {
		t.Errorf("a change is taken for a fault:\n%s", text)
	}
}

// TestOldSessionsAreNotResumed after the certificate was replaced.
func TestOldSessionsAreNotResumed(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "old"), nil)
	w := watch(t, everywhere(f))
	for port, addr := range w.ports {
		config := &tls.Config{RootCAs: a.Pool(), ClientSessionCache: tls.NewLRUClientSessionCache(1)}
		connect := func() tls.ConnectionState {
			conn, err := tls.Dial("tcp", addr.String(), config)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			// A ticket comes before the first byte.
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			return conn.ConnectionState()
		}
		connect()
		if !connect().DidResume {
			t.Errorf("%s: a session is not resumed: this test cannot fail", port)
		}
		f.Write(t, a.Issue(t, "new "+port).Files())
		w.awaitShown(t, a, "new "+port)
		if connect().DidResume {
			t.Errorf("%s: a session of the old certificate is resumed", port)
		}
	}
}

// TestNewFilesAreTaken from plain files, which change one after the other.
func TestNewFilesAreTaken(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.Folder(t.TempDir())
	put := func(name string) {
		for file, content := range a.Issue(t, name).Files() {
			if err := os.WriteFile(f.Path(file), content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	put("old")
	w := watch(t, everywhere(f))
	w.awaitShown(t, a, "old")
	put("new")
	w.awaitShown(t, a, "new")
}

// TestBadFileKeepsTheOldPair, counts once, and does not stand in the way of a
// good one.
func TestBadFileKeepsTheOldPair(t *testing.T) {
	a := certstest.NewAuthority(t)
	for name, spoilt := range map[string]map[string][]byte{
		"cut":         {"tls.crt": []byte("-----BEGIN CERTIFICATE-----\nMII")},
		"empty":       {"tls.key": {}},
		"another key": {"tls.key": a.Issue(t, "other").Key},
		"expired":     a.Issue(t, "expired", certstest.Expired).Files(),
		"gone":        {"tls.crt": nil},
		"too large":   {"tls.crt": make([]byte, 1<<20+1)},
	} {
		t.Run(name, func(t *testing.T) {
			f := certstest.NewFolder(t, a.Issue(t, "old"), nil)
			w := watch(t, &configv1.Config{Grpc: &configv1.Listener{Tls: f.TLS()}, Rest: &configv1.Listener{Tls: f.TLS()}})
			f.Write(t, spoilt)
			for port := range w.ports {
				w.awaitReload(t, port, "failed")
				if got, err := w.shown(port, a); got != "old" {
					t.Errorf("%s: shows %q, %v", port, got, err)
				}
			}
			f.Write(t, a.Issue(t, "new").Files())
			w.awaitReload(t, "rest", "ok")
			if got, err := w.shown("rest", a); got != "new" {
				t.Errorf("afterwards: shows %q, %v", got, err)
			}
			w.awaitReload(t, "rest", "failed")
		})
	}
}

// TestAllProblemsAtOnce loads and checks files of which each is broken.
func TestAllProblemsAtOnce(t *testing.T) {
	a := certstest.NewAuthority(t)
	good := certstest.NewFolder(t, a.Issue(t, "good"), nil)
	cfg := &configv1.Config{
		Grpc:  &configv1.Listener{Tls: certstest.NewFolder(t, a.Issue(t, "late", certstest.Expired), nil).TLS()},
		Rest:  &configv1.Listener{Tls: &configv1.TLS{CertFile: good.Path("tls.crt"), KeyFile: good.Path("none")}},
		Admin: &configv1.Listener{Tls: &configv1.TLS{CertFile: good.Path("tls.key"), KeyFile: good.Path("tls.key")}},
	}
	for name, err := range map[string]error{"Load": load(cfg), "Check": certs.Check(cfg, "")} {
		if !errors.Is(err, certs.ErrTLS) {
			t.Fatalf("%s: %v, want ErrTLS", name, err)
		}
		for _, want := range []string{"grpc: ", "expired on ", "rest: ", "none: no such file", "admin: "} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: no %q in: %v", name, want, err)
			}
		}
	}
}

func TestHalfABundleIsNone(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "good"), a)
	f.Write(t, map[string][]byte{"ca.crt": append(a.CA, certstest.PEM("CERTIFICATE", []byte("no DER"))...)})
	if load(everywhere(f)) == nil {
		t.Error("it is loaded")
	}
}

// An expired CA beside a valid one is left over from a rotation.
func TestClientCAExpiry(t *testing.T) {
	lasting := func(d time.Duration) *certstest.Authority {
		return certstest.NewAuthority(t, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = time.Now().Add(-48*time.Hour), time.Now().Add(d)
		})
	}
	expired, next, later := lasting(-time.Hour), lasting(24*time.Hour), lasting(48*time.Hour)
	server := certstest.NewAuthority(t)
	for name, test := range map[string]struct {
		bundle []*certstest.Authority
		want   time.Time
	}{
		"the first that expires": {[]*certstest.Authority{later, expired, next}, next.Expiry},
		"all expired":            {[]*certstest.Authority{expired}, expired.Expiry},
	} {
		t.Run(name, func(t *testing.T) {
			f := certstest.NewFolder(t, server.Issue(t, "server"), server)
			var bundle []byte
			for _, ca := range test.bundle {
				bundle = append(bundle, ca.CA...)
			}
			f.Write(t, map[string][]byte{"ca.crt": bundle})
			w := watch(t, everywhere(f))
			if got := w.sample(t, "connsvc.tls.client_ca.expiry.timestamp", attribute.String("port", "grpc")); got != test.want.Unix() {
				t.Errorf("expires %v, want %v", time.Unix(got, 0), test.want)
			}
		})
	}
}
