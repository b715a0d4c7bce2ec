package upstream_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/egress/egresstest"
	"github.com/connsvc/connsvc/internal/upstream"
)

const canaryProxy = "user:CANARYPROXYPASSWORD"

// proxied is an upstream behind a proxy, which is asked with credentials.
func proxied(u *configv1.Upstream, proxy *egresstest.Proxy) *configv1.Upstream {
	u.ProxyUrl, u.ProxyCredentials = "http://"+proxy.Address, env(canaryProxy)
	return u
}

// say answers each CONNECT with a text.
func say(text string) func(net.Conn, *http.Request) bool {
	return func(c net.Conn, _ *http.Request) bool {
		_, _ = io.WriteString(c, text)
		return false
	}
}

// A create that the proxy did not let through was not sent, and is sent again.
func TestCreateThroughAFailingProxy(t *testing.T) {
	var posts, tunnels atomic.Int32
	dli := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		posts.Add(1)
		answer(200, `{"is_success":true}`)(w, r)
	})
	failures := []string{"HTTP/1.1 502 Bad Gateway\r\n\r\n", "HTTP/1.1 407 Denied\r\n\r\n", "SSH-2.0-x\r\n\r\n", ""}
	proxy := egresstest.New(t, nil, func(c net.Conn, r *http.Request) bool {
		if n := int(tunnels.Add(1)); n <= len(failures) {
			return say(failures[n-1])(c, r)
		}
		return egresstest.Tunnel(c, r)
	})
	u := proxied(signedBy(dli), proxy)
	u.Retry = &configv1.Retry{
		MaxAttempts: 5, BudgetPercent: proto.Int32(100),
		BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(time.Millisecond),
	}
	if err := callCreate(t.Context(), router(t, upstream.Options{}, u)); err != nil {
		t.Fatal(err)
	}
	if posts.Load() != 1 || int(tunnels.Load()) != len(failures)+1 {
		t.Errorf("%d creates were sent, in %d tunnels", posts.Load(), tunnels.Load())
	}
}

// Of a proxy that does not answer, a create learns at its deadline that it was not sent.
func TestCreateThroughAHangingProxy(t *testing.T) {
	end := make(chan struct{})
	defer close(end)
	proxy := egresstest.New(t, nil, func(net.Conn, *http.Request) bool { <-end; return false })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantKind(t, callCreate(ctx, router(t, upstream.Options{}, proxied(signedBy("https://dli.example.com"), proxy))), upstream.Timeout, false)
}

// The error names the upstream and what is wrong with its proxy or certificate; neither
// it nor the log contains the proxy's credentials, which a proxy may send back.
func TestErrorsOfTheWay(t *testing.T) {
	dli := httptest.NewUnstartedServer(answer(200, `{"is_success":true}`))
	dli.Config.ErrorLog = log.New(io.Discard, "", 0)
	dli.StartTLS()
	defer dli.Close()
	other := certstest.NewFolder(t, certstest.NewAuthority(t).Issue(t, "x"), certstest.NewAuthority(t))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	echo := egresstest.New(t, nil, func(c net.Conn, r *http.Request) bool {
		secret := r.Header.Get("Proxy-Authorization")
		return say("HTTP/1.1 407 "+secret+"\r\nX: "+secret+"\r\n\r\n"+secret)(c, r)
	})
	parrot := egresstest.New(t, nil, func(c net.Conn, r *http.Request) bool { return r.Write(c) != nil })
	for _, test := range []struct {
		name  string
		proxy *egresstest.Proxy
		tls   *configv1.UpstreamTLS
		want  []string
	}{
		{"wrong CA", nil, &configv1.UpstreamTLS{CaFile: other.Path("ca.crt")}, []string{"certificate signed by unknown authority"}},
		{"wrong CA behind a proxy", egresstest.New(t, nil, nil), &configv1.UpstreamTLS{CaFile: other.Path("ca.crt")}, []string{"certificate signed by unknown authority"}},
		{"no proxy", &egresstest.Proxy{Address: closed.Addr().String()}, nil, []string{"the proxy of proxy_url", "connection refused"}},
		{"407", echo, nil, []string{"the proxy of proxy_url", "407", "proxy_credentials"}},
		{"no HTTP", parrot, nil, []string{"the proxy of proxy_url", "not HTTP"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			u := signedBy(dli.URL)
			u.Name, u.Tls = "the-upstream", test.tls
			if test.proxy != nil {
				u = proxied(u, test.proxy)
			}
			var logged bytes.Buffer
			r := router(t, upstream.Options{Log: slog.New(slog.NewTextHandler(&logged, nil))}, u)
			e := wantKind(t, callCreate(t.Context(), r), upstream.Unreachable, false)
			for _, want := range append(test.want, "upstream the-upstream: ") {
				if !strings.Contains(e.Error(), want) {
					t.Errorf("no %q in: %v", want, e)
				}
			}
			text := everything(e) + logged.String()
			for _, secret := range []string{"CANARY", base64.StdEncoding.EncodeToString([]byte(canaryProxy))} {
				if strings.Contains(text, secret) {
					t.Errorf("a credential of the proxy is in:\n%s", text)
				}
			}
		})
	}
}

// A redirect is not followed through a tunnel either.
func TestRedirectThroughAProxy(t *testing.T) {
	var requests atomic.Int32
	dli := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		answer(307, "", "Location", "/elsewhere")(w, r)
	})
	proxy := egresstest.New(t, nil, nil)
	wantKind(t, callCreate(t.Context(), router(t, upstream.Options{}, proxied(signedBy(dli), proxy))), upstream.Malformed, true)
	if requests.Load() != 1 || len(proxy.Requests()) != 1 {
		t.Errorf("%d requests in %d tunnels", requests.Load(), len(proxy.Requests()))
	}
}

// An upstream that asks for a client certificate gets it, and a renewed one without a
// restart; without one nothing works.
func TestClientCertificate(t *testing.T) {
	authority := certstest.NewAuthority(t)
	var seen atomic.Value
	dli := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.TLS.PeerCertificates[0].Subject.CommonName)
		answer(200, `{"is_success":true}`, "Connection", "close")(w, r)
	}))
	dli.TLS = &tls.Config{
		Certificates: []tls.Certificate{authority.Issue(t, "dli").Pair(t)},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	}
	dli.Config.ErrorLog = log.New(io.Discard, "", 0)
	dli.StartTLS()
	defer dli.Close()
	folder := certstest.NewFolder(t, authority.Issue(t, "old"), authority)
	u := signedBy(dli.URL)
	u.Tls = &configv1.UpstreamTLS{CaFile: "ca.crt"}
	if err := callGet(t.Context(), router(t, upstream.Options{Dir: string(folder)}, u)); err == nil {
		t.Error("a call without a certificate succeeds")
	}
	u.Tls.CertFile, u.Tls.KeyFile = "tls.crt", "tls.key"
	r := router(t, upstream.Options{Dir: string(folder)}, u)
	for _, name := range []string{"old", "new"} {
		folder.Write(t, authority.Issue(t, name).Files())
		for seen.Load() != name {
			if err := callGet(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// IAM is called through the proxy too, and its certificate is checked by the same CAs.
func TestIAMThroughTheProxy(t *testing.T) {
	authority := certstest.NewAuthority(t)
	secure := func(h http.HandlerFunc) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, "server").Pair(t)}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	dli := secure(answer(200, `{"is_success":true}`))
	iam := secure(answer(201, `{"token":{"expires_at":"2999-01-01T00:00:00Z"}}`, "X-Subject-Token", "t"))
	folder := certstest.NewFolder(t, authority.Issue(t, "x"), authority)
	proxy := egresstest.New(t, nil, func(c net.Conn, r *http.Request) bool {
		if r.Header.Get("Proxy-Authorization") == "" {
			return say("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")(c, r)
		}
		return egresstest.Tunnel(c, r)
	})
	u := proxied(signedBy(dli.URL), proxy)
	u.Tls = &configv1.UpstreamTLS{CaFile: folder.Path("ca.crt")}
	u.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: iam.URL, DomainName: "d", UserName: "u", Password: env("P"),
	}}
	if err := callGet(t.Context(), router(t, upstream.Options{}, u)); err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, r := range proxy.Requests() {
		hosts = append(hosts, r.Host)
	}
	if want := []string{iam.Listener.Addr().String(), dli.Listener.Addr().String()}; !slices.Equal(hosts, want) {
		t.Errorf("tunnels to %v, want %v", hosts, want)
	}
	u.ProxyCredentials = nil
	e := wantKind(t, callGet(t.Context(), router(t, upstream.Options{}, u)), upstream.Unreachable, false)
	if !strings.Contains(e.Error(), "407: check proxy_credentials") {
		t.Errorf("got %v", e)
	}
}

// The metadata service is on the machine itself: no proxy knows the way to it.
func TestMetadataPastTheProxy(t *testing.T) {
	dli := newServer(t, answer(200, `{"is_success":true}`))
	machine := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		answer(200, `{"credential":{"access":"a","secret":"s","securitytoken":"t","expires_at":"2999-01-01T00:00:00Z"}}`)(w, r)
	})
	proxy := egresstest.New(t, nil, nil)
	u := proxied(signedBy(dli), proxy)
	u.Credentials = &configv1.Upstream_EcsMetadata{EcsMetadata: &configv1.ECSMetadata{Endpoint: machine}}
	if err := callGet(t.Context(), router(t, upstream.Options{}, u)); err != nil {
		t.Fatal(err)
	}
	if got := proxy.Requests(); len(got) != 1 || "http://"+got[0].Host != dli {
		t.Errorf("%d tunnels, want one to DLI", len(got))
	}
}

// A reload that changes the way of an upstream makes new credentials, which take it.
func TestReloadChangesTheWayToIAM(t *testing.T) {
	dli := newServer(t, answer(200, `{"is_success":true}`))
	iam := newServer(t, answer(201, `{"token":{"expires_at":"2999-01-01T00:00:00Z"}}`, "X-Subject-Token", "t"))
	u := signedBy(dli)
	u.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: iam, DomainName: "d", UserName: "u", Password: env("P"),
	}}
	r := router(t, upstream.Options{}, u)
	proxy := egresstest.New(t, nil, nil)
	for range 2 {
		if err := callGet(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if err := r.Reload([]*configv1.Upstream{proxied(proto.CloneOf(u), proxy)}); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(proxy.Requests()); got != 2 {
		t.Errorf("%d tunnels, want one to IAM and one to DLI", got)
	}
}

// No proxy of the environment is used, whatever the host.
func TestEnvironmentIsIgnored(t *testing.T) {
	proxy := egresstest.New(t, nil, nil)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, "http://"+proxy.Address)
	}
	iam := signedBy("https://dli.invalid", "p2")
	iam.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
		Endpoint: "https://iam.invalid", DomainName: "d", UserName: "u", Password: env("P"),
	}}
	plain := signedBy("http://dli.invalid", "p3")
	plain.AllowPlaintext = true
	for _, u := range []*configv1.Upstream{signedBy("https://dli.invalid", "p1"), iam, plain} {
		request := getRequest()
		request.ProjectId = u.GetProjects()[0]
		err := callOf(t.Context(), router(t, upstream.Options{}, u), get, request, &connsvcv1.EnhancedConnection{})
		wantKind(t, err, upstream.Unreachable, false)
	}
	if n := len(proxy.Requests()); n != 0 {
		t.Errorf("the proxy got %d requests", n)
	}
}

// All problems of the way are reported, with their fields.
func TestProblemsOfTheWay(t *testing.T) {
	pair := certstest.NewFolder(t, certstest.NewAuthority(t).Issue(t, "x", certstest.Expired), nil)
	u := signedBy("https://dli.example.com")
	u.ProxyUrl, u.ProxyCredentials = "http://user:password@proxy.example.com:3128", env("NOCOLON")
	u.Tls = &configv1.UpstreamTLS{CaFile: pair.Path("tls.key"), CertFile: pair.Path("tls.crt"), KeyFile: pair.Path("tls.key")}
	_, err := upstream.New([]*configv1.Upstream{u}, upstream.Options{Secret: secrets})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"upstreams[0].proxy_url: must not contain credentials: use proxy_credentials",
		"upstreams[0].proxy_credentials: the secret must be USER:PASSWORD",
		"upstreams[0].tls.ca_file: " + pair.Path("tls.key") + ": no certificate in PEM form",
		"upstreams[0].tls.cert_file: " + pair.Path("tls.crt") + ", " + pair.Path("tls.key") + ": the certificate expired on ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "NOCOLON") || strings.Contains(err.Error(), "password@") {
		t.Errorf("a secret is in: %v", err)
	}
}
