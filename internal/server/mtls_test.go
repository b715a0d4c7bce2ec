package server_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
)

// secured starts a server whose three ports have their TLS of one folder, and look
// at it often.
func secured(t testing.TB, f certstest.Folder) *bench {
	t.Helper()
	return start(t, &stub{}, setup{
		config: func(c *configv1.Config) { c.Grpc.Tls, c.Rest.Tls, c.Admin.Tls = f.TLS(), f.TLS(), f.TLS() },
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

// TestClientCertificates: with a CA of clients, every port wants a certificate that
// it signed.
func TestClientCertificates(t *testing.T) {
	a, others := certstest.NewAuthority(t), certstest.NewAuthority(t)
	b := secured(t, certstest.NewFolder(t, a.Issue(t, "server"), a))
	own, late, foreign := a.Issue(t, "client").Pair(t), a.Issue(t, "late", certstest.Expired).Pair(t), others.Issue(t, "foreign").Pair(t)
	serverOnly := a.Issue(t, "server only", func(c *x509.Certificate) { c.ExtKeyUsage = c.ExtKeyUsage[:1] }).Pair(t)
	for port, addr := range b.ports() {
		if _, err := shake(addr, &tls.Config{RootCAs: a.Pool(), Certificates: []tls.Certificate{own}}); err != nil {
			t.Errorf("%s: refused: %v", port, err)
		}
		if _, err := shake(addr, &tls.Config{RootCAs: a.Pool()}); err == nil {
			t.Errorf("%s: takes a client without a certificate", port)
		}
		for name, cert := range map[string]tls.Certificate{"expired": late, "of another CA": foreign, "for servers only": serverOnly} {
			// The client must send it, whatever the port says that it takes.
			send := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &cert, nil }
			if _, err := shake(addr, &tls.Config{RootCAs: a.Pool(), GetClientCertificate: send}); err == nil {
				t.Errorf("%s: takes a certificate that is %s", port, name)
			}
		}
	}
}

// TestClientCAIsReplaced: whoever was trusted is not any more, not even with the
// session of a connection before.
func TestClientCAIsReplaced(t *testing.T) {
	a, clients, next := certstest.NewAuthority(t), certstest.NewAuthority(t), certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "server"), clients)
	b := secured(t, f)
	old := &tls.Config{
		RootCAs: a.Pool(), ClientSessionCache: tls.NewLRUClientSessionCache(8),
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			cert := clients.Issue(t, "old").Pair(t)
			return &cert, nil
		},
	}
	for port, addr := range b.ports() {
		if _, err := shake(addr, old); err != nil {
			t.Fatalf("%s: refused: %v", port, err)
		}
	}
	f.Write(t, map[string][]byte{"ca.crt": next.CA})
	for port, addr := range b.ports() {
		for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
			if _, err := shake(addr, old); err != nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s: the old CA is still trusted", port)
			}
		}
		if _, err := shake(addr, &tls.Config{RootCAs: a.Pool(), Certificates: []tls.Certificate{next.Issue(t, "new").Pair(t)}}); err != nil {
			t.Errorf("%s: the new CA is not trusted: %v", port, err)
		}
	}
}

// TestCallerIsLogged makes a call over each API as each kind of certificate.
func TestCallerIsLogged(t *testing.T) {
	a := certstest.NewAuthority(t)
	b := secured(t, certstest.NewFolder(t, a.Issue(t, "server"), a))
	dns := func(c *x509.Certificate) { c.DNSNames = []string{"orders.example", "other.example"} }
	for _, tt := range []struct {
		want   string
		change []func(*x509.Certificate)
	}{
		{"spiffe://example/orders", []func(*x509.Certificate){dns, certstest.URIs(t, "https://example/", "spiffe://example/orders")}},
		{"https://example/orders", []func(*x509.Certificate){dns, certstest.URIs(t, "https://example/orders")}},
		{"orders.example", []func(*x509.Certificate){dns}},
		{"orders", nil},
	} {
		t.Run(tt.want, func(t *testing.T) {
			config := &tls.Config{RootCAs: a.Pool(), Certificates: []tls.Certificate{a.Issue(t, "orders", tt.change...).Pair(t)}}
			for api, id := range map[string]string{"grpc": secureGRPC(t, b, config), "rest": secureREST(t, b, config, false), "rest, HTTP/2": secureREST(t, b, config, true)} {
				if logged := b.logs.await(t, "call", id); logged["caller"] != "certificate:"+tt.want || logged["code"] != "OK" {
					t.Errorf("%s: logged %v", api, logged)
				}
			}
		})
	}
}

func secureGRPC(t *testing.T, b *bench, config *tls.Config) string {
	t.Helper()
	conn, err := grpc.NewClient(b.server.GRPCAddr().String(), grpc.WithTransportCredentials(credentials.NewTLS(config.Clone())), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	over := *b
	over.grpc = connsvcv1.NewConnectionServiceClient(conn)
	got := createGRPC(t, &over, createRequest(), nil)
	return got.requestID
}

func secureREST(t *testing.T, b *bench, config *tls.Config, http2 bool) string {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: config.Clone(), ForceAttemptHTTP2: http2}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, "https://"+b.server.RESTAddr().String()+connections, strings.NewReader(create))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusCreated || http2 != (resp.ProtoMajor == 2) {
		t.Fatalf("%s, HTTP/%d: %s, %v", resp.Status, resp.ProtoMajor, text, err)
	}
	return resp.Header.Get("X-Request-Id")
}

// TestExpiryIsAMetric of each port that has a certificate.
func TestExpiryIsAMetric(t *testing.T) {
	a := certstest.NewAuthority(t)
	at := time.Unix(4_102_444_800, 0)
	f := certstest.NewFolder(t, a.Issue(t, "good", func(c *x509.Certificate) { c.NotAfter = at }), nil)
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Rest.Tls = f.TLS() }})
	b.awaitMetricOf(t, fmt.Sprintf("%.9g", float64(at.Unix())), "connsvc_tls_certificate_expiry_timestamp_seconds", map[string]string{"port": "rest"})
	b.awaitMetricOf(t, "0", "connsvc_tls_reloads_total", map[string]string{"port": "rest", "result": "failed"})
	if _, text := b.admin(t, "/metrics"); strings.Contains(text, `_timestamp_seconds{port="grpc"`) {
		t.Errorf("a port without a certificate has a metric of one:\n%s", text)
	}
}
