package egress_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/egress"
	"github.com/connsvc/connsvc/internal/egress/egresstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestNewFilesAreUsed renews the client certificate, the CA and the proxy's credentials
// while connections are made, as Kubernetes does. Unusable content is logged once, and
// leaves the previous one in use.
func TestNewFilesAreUsed(t *testing.T) {
	a, b := certstest.NewAuthority(t), certstest.NewAuthority(t)
	one, two := a.Issue(t, "one"), b.Issue(t, "two")
	folder := certstest.NewFolder(t, one, a)
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		password, problem := "user:old", error(nil)
		route, err := egress.New(&configv1.Upstream{
			ProxyUrl: "https://proxy.example.com:3128", ProxyCredentials: &configv1.Secret{},
			Tls: &configv1.UpstreamTLS{CaFile: "ca.crt", CertFile: "tls.crt", KeyFile: "tls.key"},
		}, egress.Options{
			Dir: string(folder), Log: slog.New(slog.NewTextHandler(&log, nil)),
			Secret: func(*configv1.Secret) (string, error) { return password, problem },
		})
		if err != nil {
			t.Fatal(err)
		}
		want := func(issued certstest.Issued, ca *certstest.Authority, lines ...string) {
			t.Helper()
			time.Sleep(time.Second)
			for range 2 { // what is logged is logged once
				config := route.TLS()
				if pair := issued.Pair(t); !bytes.Equal(config.Certificates[0].Certificate[0], pair.Certificate[0]) {
					t.Error("another client certificate is used")
				}
				if got, want := route.CertificateExpiry(), issued.Pair(t).Leaf.NotAfter; !got.Equal(want) {
					t.Errorf("the client certificate expires at %v, want %v", got, want)
				}
				if !config.RootCAs.Equal(ca.Pool()) {
					t.Error("other CAs are used")
				}
				if proxy := route.Proxy().TLS(); proxy.Certificates != nil || proxy.ServerName != "proxy.example.com" {
					t.Errorf("TLS to the proxy: %+v", proxy)
				}
				time.Sleep(time.Second)
			}
			if got := strings.Count(log.String(), "\n"); got != len(lines) {
				t.Errorf("%d lines were logged, want %d:\n%s", got, len(lines), log.String())
			}
			for _, line := range lines {
				if !strings.Contains(log.String(), line) {
					t.Errorf("no %q in the log:\n%s", line, log.String())
				}
			}
			log.Reset()
		}
		want(one, a)
		folder.Write(t, map[string][]byte{"tls.crt": two.Cert}) // without its key
		want(one, a, "rejected")
		files := two.Files()
		files["ca.crt"] = b.CA
		folder.Write(t, files)
		want(two, b, "reloaded")
		folder.Write(t, map[string][]byte{"ca.crt": nil})
		want(two, b, "no such file")
		problem = errors.New("no such secret")
		want(two, b, "no such secret")
		problem, password = nil, "user:new"
		folder.Write(t, map[string][]byte{"ca.crt": b.CA})
		want(two, b, "reloaded")
		if strings.Contains(log.String(), "new") {
			t.Error("the password is logged")
		}
	})
}

// A file system that hangs delays one connection, and only for a while; it is logged once.
func TestReadingHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		release := make(chan struct{})
		hang := false
		route, err := egress.New(&configv1.Upstream{
			ProxyUrl: "https://127.0.0.1:1", ProxyCredentials: &configv1.Secret{},
		}, egress.Options{
			Log: slog.New(slog.NewTextHandler(&log, nil)),
			Secret: func(*configv1.Secret) (string, error) {
				if hang {
					<-release
				}
				return "user:password", nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		hang = true
		time.Sleep(time.Minute)
		for _, want := range []time.Duration{time.Second, 0, 0} {
			start := time.Now()
			route.TLS()
			if took := time.Since(start); took != want {
				t.Errorf("it took %v, want %v", took, want)
			}
			time.Sleep(time.Minute)
		}
		if got := strings.Count(log.String(), "not read in time"); got != 1 {
			t.Errorf("logged %d times: %s", got, log.String())
		}
		close(release)
	})
}

// A direct way without TLS files costs nothing: there is none.
func TestDirect(t *testing.T) {
	route, err := egress.New(&configv1.Upstream{Endpoint: "https://dli.example.com"}, egress.Options{})
	if route != nil || err != nil || route.Proxy() != nil {
		t.Errorf("%v, %v", route, err)
	}
}

// TestDialTLS reaches a server that asks for a client certificate, through an https proxy
// that does not get it.
func TestDialTLS(t *testing.T) {
	a := certstest.NewAuthority(t)
	folder := certstest.NewFolder(t, a.Issue(t, "connsvc"), a)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.TLS.PeerCertificates[0].Subject.CommonName)
	}))
	pair := a.Issue(t, "server").Pair(t)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.Pool()}
	server.StartTLS()
	defer server.Close()
	var shown int
	proxy := egresstest.New(t, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}, func(c net.Conn, r *http.Request) bool {
		shown = len(c.(*tls.Conn).ConnectionState().PeerCertificates)
		return egresstest.Tunnel(c, r)
	})
	route, err := egress.New(&configv1.Upstream{ProxyUrl: "https://" + proxy.Address, Tls: &configv1.UpstreamTLS{
		CaFile: folder.Path("ca.crt"), CertFile: folder.Path("tls.crt"), KeyFile: folder.Path("tls.key"),
	}}, egress.Options{})
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{DialContext: route.Dial, DialTLSContext: route.DialTLS, DisableKeepAlives: true}
	response, err := (&http.Client{Transport: transport}).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	name, err := io.ReadAll(response.Body)
	if string(name) != "connsvc" || err != nil || len(proxy.Requests()) != 1 || shown != 0 {
		t.Errorf("the server saw %q, %v; %d tunnels; the proxy saw %d certificates", name, err, len(proxy.Requests()), shown)
	}
}
