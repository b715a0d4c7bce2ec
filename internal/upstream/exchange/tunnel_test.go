//go:build unix

package exchange

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/egress"
	"github.com/connsvc/connsvc/internal/egress/egresstest"
)

// canary is the password of the proxy.
const canary = "CANARYPROXYPASSWORD"

// through has a peer reached by a proxy. answer is as of egresstest.New.
func (p *peer) through(t *testing.T, secure bool, answer func(net.Conn, *http.Request) bool) *egresstest.Proxy {
	t.Helper()
	u := &configv1.Upstream{ProxyCredentials: &configv1.Secret{}}
	var server *tls.Config
	scheme := "http"
	if secure {
		s := httptest.NewTLSServer(nil)
		s.Close()
		server, scheme = &tls.Config{Certificates: s.TLS.Certificates}, "https"
	}
	if secure || p.tls != nil {
		u.Tls = &configv1.UpstreamTLS{CaFile: testCA(t)}
	}
	proxy := egresstest.New(t, server, answer)
	u.ProxyUrl = scheme + "://" + proxy.Address
	route, err := egress.New(u, egress.Options{Secret: func(*configv1.Secret) (string, error) { return "user:" + canary, nil }})
	if err != nil {
		t.Fatal(err)
	}
	endpoint := &url.URL{Scheme: "http", Host: p.address}
	if p.tls != nil {
		endpoint.Scheme = "https"
	}
	p.Transport = New(endpoint, Options{Route: route})
	t.Cleanup(p.Close)
	return proxy
}

// testCA returns a file with the certificate of httptest, which is that of peers, too.
func testCA(t *testing.T) string {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	s.Close()
	path := filepath.Join(t.TempDir(), "ca.crt")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// overTunnels runs a test for each combination of TLS to the proxy and to the endpoint.
func overTunnels(t *testing.T, test func(t *testing.T, proxySecure, secure bool)) {
	for _, proxySecure := range []bool{false, true} {
		name := "http proxy"
		if proxySecure {
			name = "https proxy"
		}
		t.Run(name, func(t *testing.T) {
			overBoth(t, func(t *testing.T, secure bool) { test(t, proxySecure, secure) })
		})
	}
}

// A tunnel is made once, with the proxy's credentials, which the endpoint does not get,
// and is reused.
func TestTunnel(t *testing.T) {
	overTunnels(t, func(t *testing.T, proxySecure, secure bool) {
		var leaked atomic.Bool
		p := newPeer(t, secure, func(l *line) {
			for {
				r, err := http.ReadRequest(l.reader)
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				leaked.Store(leaked.Load() || r.Header.Get("Proxy-Authorization") != "")
				l.say(good)
			}
		})
		proxy := p.through(t, proxySecure, nil)
		for range 3 {
			p.want(t, http.MethodPost, "good")
		}
		p.want(t, http.MethodGet, "good")
		requests := proxy.Requests()
		if len(requests) != 1 {
			t.Fatalf("%d tunnels were made, want 1", len(requests))
		}
		requests[0].Header.Set("Authorization", requests[0].Header.Get("Proxy-Authorization"))
		user, password, _ := requests[0].BasicAuth()
		if requests[0].Host != p.address || user != "user" || password != canary {
			t.Errorf("CONNECT %s by %q, %q", requests[0].Host, user, password)
		}
		if leaked.Load() {
			t.Error("the endpoint got the proxy's credentials")
		}
		p.wantLines(t, 1)
	})
}

// Whatever the proxy does instead of a tunnel, nothing is sent to the endpoint, and no
// error quotes what the proxy sent.
func TestNoTunnel(t *testing.T) {
	say := func(text string) func(net.Conn, *http.Request) bool {
		return func(c net.Conn, r *http.Request) bool {
			_, _ = io.WriteString(c, strings.ReplaceAll(text, "$SECRET", r.Header.Get("Proxy-Authorization")))
			return false
		}
	}
	for _, test := range []struct {
		name   string
		answer func(net.Conn, *http.Request) bool
		want   string
	}{
		{"407", say("HTTP/1.1 407 $SECRET\r\nProxy-Authenticate: Basic realm=\"$SECRET\"\r\nContent-Length: 7\r\n\r\n$SECRET"), "status 407: check proxy_credentials"},
		{"502", say("HTTP/1.1 502 Bad Gateway\r\n\r\n<html>"), "status 502"},
		{"redirect", say("HTTP/1.1 302 Found\r\nLocation: http://evil.example\r\n\r\n"), "status 302"},
		{"garbage", say("$SECRET\r\n\r\n"), "is not HTTP"},
		{"garbage in a header", say("HTTP/1.1 200 OK\r\n$SECRET\r\n\r\n"), "is not HTTP"},
		{"echo", func(c net.Conn, r *http.Request) bool { _ = r.Write(c); return false }, "is not HTTP"},
		{"too long", say("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 70<<10) + "\r\n\r\n"), "closed the connection"},
		{"endless 1xx", say(strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9) + egresstest.Established), "is not HTTP"},
		{"closes", say(""), "closed the connection"},
		{"closes in the middle", say("HTTP/1.1 200 Connec"), "closed the connection"},
		{"closes within the head", say("HTTP/1.1 200 OK\r\nX: y\r\n"), "closed the connection"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newPeer(t, false, func(l *line) { l.answer(good) })
			proxy := p.through(t, false, test.answer)
			_, _, sent, err := p.ask(t.Context(), http.MethodPost, "{}")
			var failed *egress.Error
			if !errors.As(err, &failed) || sent || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("sent %t, %v, want an egress.Error: %s", sent, err, test.want)
			}
			secret := proxy.Requests()[0].Header.Get("Proxy-Authorization")
			if secret == "" || strings.Contains(err.Error(), strings.TrimPrefix(secret, "Basic ")) {
				t.Errorf("the error quotes the proxy: %v", err)
			}
			p.wantLines(t, 0)
		})
	}
}

// Interim responses, and a body that 2xx cannot have, do no harm.
func TestTunnelAfterInterimResponse(t *testing.T) {
	p := newPeer(t, true, func(l *line) { l.answer(good) })
	p.through(t, false, func(c net.Conn, _ *http.Request) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 5\r\nVia: x\r\n\r\n")
		return true
	})
	p.want(t, http.MethodPost, "good")
}

// A proxy that does not answer costs a call its deadline and no more. Without a deadline
// the tunnel has a limit of its own.
func TestProxyHangs(t *testing.T) {
	for name, test := range map[string]struct{ deadline, want time.Duration }{
		"deadline":  {time.Second, time.Second},
		"own limit": {time.Hour, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				route, err := egress.New(&configv1.Upstream{ProxyUrl: "http://127.0.0.1:1"}, egress.Options{})
				if err != nil {
					t.Fatal(err)
				}
				to := New(&url.URL{Scheme: "https", Host: "dli"}, Options{Route: route, Dial: func(context.Context) (net.Conn, error) {
					near, far := net.Pipe()
					go func() { _, _ = io.Copy(io.Discard, far) }()
					return near, nil
				}})
				ctx, cancel := context.WithTimeout(t.Context(), test.deadline)
				defer cancel()
				start := time.Now()
				_, sent, err := to.RoundTrip(ctx, request(http.MethodPost), []byte("{}"))
				var slow *egress.Error
				if sent || errors.As(err, &slow) == errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("sent %t, %v", sent, err)
				}
				if took := time.Since(start); took != test.want {
					t.Errorf("it ended after %v, want %v", took, test.want)
				}
			})
		})
	}
}

// What the proxy sends into a tunnel before the request is no response to it: with its
// response to CONNECT, after it, and on an idle tunnel.
func TestUnsolicitedBytesThroughATunnel(t *testing.T) {
	t.Run("with the response to CONNECT", func(t *testing.T) {
		overBoth(t, func(t *testing.T, secure bool) {
			p := newPeer(t, secure, func(l *line) { l.answer(good) })
			p.through(t, false, func(c net.Conn, _ *http.Request) bool {
				_, _ = io.WriteString(c, egresstest.Established+stray)
				return true
			})
			if _, _, sent, err := p.ask(t.Context(), http.MethodPost, "{}"); !errors.Is(err, egress.ErrUnsolicited) || sent {
				t.Errorf("sent %t, %v", sent, err)
			}
			if p.unsolicited.Load() != 1 || p.noReuseUntil.IsZero() {
				t.Errorf("%d connections were counted", p.unsolicited.Load())
			}
		})
	})
	t.Run("on a new tunnel", func(t *testing.T) {
		overTunnels(t, func(t *testing.T, proxySecure, secure bool) {
			var asked atomic.Int64
			p := newPeer(t, secure, func(l *line) {
				l.say(stray)
				if _, ok := l.next(); ok {
					asked.Add(1)
				}
			})
			p.through(t, proxySecure, nil)
			dial := p.dial
			p.dial = func(ctx context.Context) (net.Conn, error) {
				c, err := dial(ctx)
				return &late{c.(*net.TCPConn)}, err
			}
			_, _, sent, err := p.ask(t.Context(), http.MethodPost, "{}")
			if !errors.Is(err, errUnsolicited) && !errors.Is(err, egress.ErrUnsolicited) || sent {
				t.Errorf("sent %t, %v", sent, err)
			}
			if got := asked.Load(); got != 0 || p.unsolicited.Load() != 1 {
				t.Errorf("%d requests arrived, %d connections were counted", got, p.unsolicited.Load())
			}
		})
	})
	t.Run("on an idle tunnel", func(t *testing.T) {
		overTunnels(t, func(t *testing.T, proxySecure, secure bool) {
			answered := make(chan struct{})
			p := newPeer(t, secure, func(l *line) {
				if _, ok := l.next(); ok {
					l.say(good)
					if l.n == 1 {
						<-answered
						l.say(stray)
					}
					l.next()
				}
			})
			p.through(t, proxySecure, nil)
			p.want(t, http.MethodPost, "good")
			close(answered)
			p.heard(t)
			p.want(t, http.MethodPost, "good")
			p.wantLines(t, 2)
			if p.unsolicited.Load() != 1 {
				t.Errorf("%d connections were counted", p.unsolicited.Load())
			}
		})
	})
}

// Part of a record of DLI within whole ones of the proxy makes an idle tunnel unusable.
func TestPartialRecordOnAnIdleTunnel(t *testing.T) {
	answered := make(chan struct{})
	p := newPeer(t, true, func(l *line) {
		if _, ok := l.next(); !ok {
			return
		}
		l.say(good)
		if l.n == 1 {
			<-answered
			l.wire.held = true
			l.say(stray)
			l.wire.release(1)
		}
		if _, ok := l.next(); ok {
			l.say(good)
		}
	})
	p.through(t, true, nil)
	p.want(t, http.MethodPost, "good")
	close(answered)
	p.heard(t)
	p.want(t, http.MethodPost, "good")
	p.wantLines(t, 2)
}

// The end of a call ends its tunnel at once, also if the proxy reads nothing more.
func TestCancelledInATunnel(t *testing.T) {
	overTunnels(t, func(t *testing.T, proxySecure, secure bool) {
		ctx, cancel := context.WithCancel(t.Context())
		p := newPeer(t, secure, func(l *line) {
			l.next()
			cancel()
			l.next()
		})
		p.through(t, proxySecure, nil)
		if _, _, sent, err := p.ask(ctx, http.MethodPost, "{}"); !errors.Is(err, context.Canceled) || !sent {
			t.Errorf("sent %t, %v", sent, err)
		}
	})
}
