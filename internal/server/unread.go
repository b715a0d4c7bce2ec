package server

import (
	"net"
	"net/http"
	"sync"

	"github.com/connsvc/connsvc/internal/server/refused"
)

// unread finds the requests that net/http rejects itself (400, 417, 431, 501, 505), or
// that never come completely: their connection becomes active, but no handler is called.
type unread struct {
	refused *refused.Recorder
	port    string

	mu     sync.Mutex
	active map[net.Conn]int64 // requests that began, less those that were served
}

// observe is to be called by the server's ConnState.
func (u *unread) observe(conn net.Conn, state http.ConnState) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch state {
	case http.StateActive:
		u.active[conn]++
	case http.StateIdle, http.StateClosed, http.StateHijacked:
		if u.active[conn] > 0 {
			u.refused.Requests(u.port, conn.RemoteAddr().String(), refused.Unreadable, 1)
		}
		delete(u.active, conn)
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
