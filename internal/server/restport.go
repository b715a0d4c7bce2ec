package server

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// newTime is how long a new connection may take to send its first request before a
	// stop no longer waits for it: some clients connect in advance.
	newTime = time.Second
	// pollInterval is how often a stop looks for connections with a request.
	pollInterval = 5 * time.Millisecond
)

// A restPort is the server of REST, which stops without losing a request of a client that
// connects for each call. Shutdown alone loses some: net/http drops a request that it has
// read when Shutdown begins.
type restPort struct {
	*http.Server
	listener *lastListener
	limited  limitedListener // in front of it
	served   chan struct{}   // closed when serve has returned
	cut      chan struct{}   // closed when no call is to go on

	mu sync.Mutex
	// busy are the connections with a request in flight, at zero, and those that have sent
	// none yet, at when they were accepted.
	busy map[net.Conn]time.Time
}

func newRESTPort(server *http.Server, limited limitedListener, cut chan struct{}) *restPort {
	last := &lastListener{Listener: limited.Listener}
	limited.Listener = last
	p := &restPort{
		Server: server, listener: last, limited: limited,
		served: make(chan struct{}), cut: cut, busy: map[net.Conn]time.Time{},
	}
	observe := server.ConnState
	server.ConnState = func(conn net.Conn, state http.ConnState) {
		observe(conn, state)
		p.track(conn, state)
	}
	return p
}

func (p *restPort) serve() error {
	defer close(p.served)
	return serveHTTP(p.Server, p.limited)
}

// track is to be called by http.Server.ConnState.
func (p *restPort) track(conn net.Conn, state http.ConnState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch state {
	case http.StateNew:
		p.busy[conn] = time.Now()
	case http.StateActive:
		p.busy[conn] = time.Time{}
	default:
		delete(p.busy, conn)
	}
}

func (p *restPort) hasRequests() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, accepted := range p.busy {
		if accepted.IsZero() || time.Since(accepted) < newTime {
			return true
		}
	}
	return false
}

// drain stops listening and returns when every connection has got its response, or ctx
// ends. Those that are idle stay open: Shutdown closes them.
func (p *restPort) drain(ctx context.Context) {
	p.listener.finish()
	select {
	case <-p.served:
	case <-ctx.Done():
		return
	}
	poll := time.NewTicker(pollInterval)
	defer poll.Stop()
	for p.hasRequests() {
		select {
		case <-poll.C:
		case <-ctx.Done():
			return
		}
	}
}
