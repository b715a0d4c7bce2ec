package server_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
)

// TestBrokenFilesStopTheStart: all problems at once, and nothing listens.
func TestBrokenFilesStopTheStart(t *testing.T) {
	a := certstest.NewAuthority(t)
	good := certstest.NewFolder(t, a.Issue(t, "good"), nil)
	cfg := testConfig()
	cfg.Grpc.Tls = certstest.NewFolder(t, a.Issue(t, "late", certstest.Expired), nil).TLS()
	cfg.Rest.Tls = &configv1.TLS{CertFile: good.Path("tls.crt"), KeyFile: good.Path("none"), ClientCaFile: good.Path("none-either")}
	cfg.Admin.Tls = &configv1.TLS{CertFile: good.Path("tls.key"), KeyFile: good.Path("tls.key"), ClientCaFile: good.Path("tls.key")}
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
	if !errors.Is(err, certs.ErrTLS) {
		t.Errorf("it is not marked: %v", err)
	}
}

// TestTLSNeedsNoOtherLeave: with a certificate and authentication a port may be beyond loopback, and
// relative paths start where the configuration is.
func TestTLSNeedsNoOtherLeave(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "good"), nil)
	cfg, options := testConfig(), testOptions(t, &stub{}, io.Discard)
	cfg.Rest = &configv1.Listener{Address: ":0", Tls: &configv1.TLS{CertFile: "tls.crt", KeyFile: "tls.key"}}
	cfg.Auth = &configv1.Auth{Tokens: []*configv1.CallerToken{{Name: "a"}}}
	options.Dir = string(f)
	srv, err := server.New(cfg, options)
	if err != nil {
		t.Fatal(err)
	}
	srv.Close()
}

func TestOldTLSIsRefused(t *testing.T) {
	a := certstest.NewAuthority(t)
	b := secured(t, certstest.NewFolder(t, a.Issue(t, "good"), nil))
	for port, addr := range b.ports() {
		if _, err := shake(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
			t.Errorf("%s: takes TLS 1.1", port)
		}
		if _, err := shake(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: tls.VersionTLS12}); err != nil {
			t.Errorf("%s: refuses TLS 1.2: %v", port, err)
		}
		if _, err := shake(addr, &tls.Config{RootCAs: certstest.NewAuthority(t).Pool()}); err == nil {
			t.Errorf("%s: a client that trusts another CA takes it", port)
		}
		if conn, err := net.Dial("tcp", addr.String()); err != nil {
			t.Error(err)
		} else {
			_, _ = io.WriteString(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
			_ = conn.SetReadDeadline(time.Now().Add(patience))
			text, _ := io.ReadAll(conn)
			conn.Close()
			if strings.Contains(string(text), "200 OK") {
				t.Errorf("%s: serves plaintext: %q", port, text)
			}
		}
	}
}
