package server

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"

	"github.com/connsvc/connsvc/internal/server/refused"
)

// unread finds the requests that net/http rejects itself (400, 417, 431, 501, 505), or
// that never come completely: their connection becomes active, but no handler is called.
// Over HTTP/2 it sees those alone that no other request of the connection runs beside, and
// not those whose headers are malformed: net/http resets their stream and tells nobody.
type unread struct {
	refused *refused.Recorder
	port    string

	mu     sync.Mutex
	active map[net.Conn]int64 // requests that began, less those that were served
	http2  map[net.Conn]bool  // connections that have begun
}

func newUnread(recorder *refused.Recorder, port string) *unread {
	return &unread{refused: recorder, port: port, active: make(map[net.Conn]int64), http2: make(map[net.Conn]bool)}
}

// isHTTP2 reports whether a connection is one of HTTP/2: over TLS.
func isHTTP2(conn net.Conn) bool {
	secured, ok := conn.(*tls.Conn)
	return ok && secured.ConnectionState().NegotiatedProtocol == "h2"
}

// observe is to be called by the server's ConnState.
func (u *unread) observe(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch state {
	case http.StateActive:
		if !u.http2[conn] && isHTTP2(conn) {
			u.http2[conn] = true // it begins as active, without a request
			return
		}
		u.active[conn]++
	case http.StateIdle, http.StateClosed, http.StateHijacked:
		if u.active[conn] > 0 {
			u.refused.Requests(u.port, conn.RemoteAddr().String(), refused.Unreadable, 1)
		}
		delete(u.active, conn)
		if state != http.StateIdle {
			delete(u.http2, conn)
		}
	default:
	}
}

// handler notes that a request is served.
func (u *unread) handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn := connOf(r); conn != nil {
			u.mu.Lock()
			if n, active := u.active[conn.Conn]; active {
				u.active[conn.Conn] = n - 1
			}
			u.mu.Unlock()
		}
		next.ServeHTTP(w, r)
	})
}
