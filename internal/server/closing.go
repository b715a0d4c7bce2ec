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

// A servedConn is what the requests of a connection have in their context.
type servedConn struct {
	net.Conn
	end time.Time // from which it is to be closed
}

type connKey struct{}

// limitAge has s close connections that have reached an age, after the response: a client
// certificate is checked when a connection begins, so that a removed CA would stay trusted
// on one that never ends. A random tenth keeps clients from returning at once.
func limitAge(s *http.Server, age time.Duration) {
	handler := s.Handler
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		end := time.Now().Add(age - rand.N(age/10+1)) //nolint:gosec // no secret depends on it
		return context.WithValue(ctx, connKey{}, &servedConn{conn, end})
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn := connOf(r); conn != nil && time.Now().After(conn.end) {
			w.Header().Set("Connection", "close")
		}
		handler.ServeHTTP(w, r)
	})
}

// connOf returns the connection of a request; nil in a test without one.
func connOf(r *http.Request) *servedConn {
	conn, _ := r.Context().Value(connKey{}).(*servedConn)
	return conn
}
