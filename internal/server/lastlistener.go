package server

import (
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	// quietTime is how long no connection must come for the listener to close: longer than
	// a handshake that is under way.
	quietTime = 25 * time.Millisecond
	// maxFinishTime bounds that where new connections cannot be kept away.
	maxFinishTime = time.Second
)

// A lastListener closes once its queue is empty. Closing it earlier resets connections
// that the kernel has accepted, with the requests that their clients have sent.
type lastListener struct {
	net.Listener

	mu      sync.Mutex
	closeBy time.Time // zero until finish
}

// finish has Accept return what is in the queue, and then http.ErrServerClosed.
func (l *lastListener) finish() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closeBy = time.Now().Add(maxFinishTime)
	if tcp, ok := l.Listener.(*net.TCPListener); ok {
		keepAway(tcp)
		_ = tcp.SetDeadline(time.Unix(1, 0)) // wakes Accept
	}
}

// finishing reports whether finish was called; if so, it bounds the next accept.
func (l *lastListener) finishing() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closeBy.IsZero() {
		return false
	}
	at := time.Now().Add(quietTime)
	if l.closeBy.Before(at) {
		at = l.closeBy
	}
	if tcp, ok := l.Listener.(*net.TCPListener); ok {
		_ = tcp.SetDeadline(at)
	}
	return true
}

// Accept is net.Listener's.
func (l *lastListener) Accept() (net.Conn, error) {
	finishing := l.finishing()
	for {
		conn, err := l.Listener.Accept()
		if err == nil {
			return conn, nil
		}
		if finishing {
			l.Close()
			return nil, http.ErrServerClosed
		}
		if finishing = l.finishing(); !finishing {
			return nil, err
		}
	}
}
