package server

import (
	"errors"
	"net"
	"sync"

	"github.com/connsvc/connsvc/internal/quota"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/server/refused"
)

// A limitedListener closes connections beyond limits.max_connections at once. To leave
// them in the kernel's queue would keep out everyone else's, too.
type limitedListener struct {
	net.Listener
	chain   *chain.Chain
	refused *refused.Recorder
	port    string
}

// Accept is net.Listener's.
func (l limitedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		peer := conn.RemoteAddr().String()
		disconnect, err := l.chain.Connect(peer)
		tcp, ok := conn.(*net.TCPConn)
		switch {
		case err != nil:
			var e *quota.Error
			l.refused.Connection(l.port, peer, errors.As(err, &e) && e.Caller)
			conn.Close()
		case !ok: // a listener of a test
			return conn, nil
		default:
			return &limitedConn{TCPConn: tcp, disconnect: disconnect}, nil
		}
	}
}

// A limitedConn gives its place back when it is closed.
type limitedConn struct {
	*net.TCPConn
	once       sync.Once
	disconnect func()
}

// Close is net.Conn's.
func (c *limitedConn) Close() error {
	c.once.Do(c.disconnect)
	return c.TCPConn.Close()
}
