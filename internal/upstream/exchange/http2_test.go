//go:build unix

package exchange

import (
	"crypto/tls"
	"errors"
	"net/http"
	"testing"
)

// TestHTTP2Only has servers that speak HTTP/2 only: they send SETTINGS at once, or when
// the request has come, or reject HTTP/1.1 by ALPN.
func TestHTTP2Only(t *testing.T) {
	const settings = "\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
	for name, serve := range map[string]func(*line){
		"at once":     func(l *line) { l.say(settings); l.next() },
		"to requests": func(l *line) { l.answer(settings) },
	} {
		for _, secure := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				p := newPeer(t, secure, serve)
				if _, _, err := p.RoundTrip(t.Context(), request(http.MethodGet), nil); !errors.Is(err, ErrHTTP2) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
	t.Run("ALPN", func(t *testing.T) {
		p := newPeer(t, true, func(l *line) {
			config, _ := certified(t)
			config.NextProtos = []string{"x"} // crypto/tls itself accepts any client if it has "h2" alone
			_ = tls.Server(l.wire, config).HandshakeContext(t.Context())
		})
		p.tls.NextProtos = []string{"http/1.1"}
		if _, sent, err := p.RoundTrip(t.Context(), request(http.MethodGet), nil); !errors.Is(err, ErrHTTP2) || sent {
			t.Errorf("sent %t, %v", sent, err)
		}
	})
}
