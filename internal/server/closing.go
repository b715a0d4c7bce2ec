package server

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// closing asks clients to close their connection after the response, while connsvc is
// not ready. A balancer of layer 4 keeps existing connections, and closing an idle one
// can race with the next request on it, which then gets no response and may be a
// create: so clients move while the drain delay still runs.
func closing(ready func() bool, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// expiry is the key of the time from which a connection is to be closed.
type expiry struct{}

// limitAge has s close connections that have reached an age, after the response: a client
// certificate is checked when a connection begins, so that a removed CA would stay trusted
// on one that never ends. A random tenth keeps clients from returning at once.
func limitAge(s *http.Server, age time.Duration) {
	handler := s.Handler
	s.ConnContext = func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, expiry{}, time.Now().Add(age-rand.N(age/10+1))) //nolint:gosec // no secret depends on it
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if end, ok := r.Context().Value(expiry{}).(time.Time); ok && time.Now().After(end) {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}
