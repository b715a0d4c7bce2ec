package grpcapi

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"

	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/server/refused"
)

// tracking are credentials whose connections the server knows.
type tracking struct {
	credentials.TransportCredentials
	connections *connections
}

// ServerHandshake is that of the credentials.
func (t tracking) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := t.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		t.connections.refused.Handshake(chain.GRPC, raw.RemoteAddr().String(), err.Error())
		return nil, nil, err
	}
	return t.connections.add(conn), info, nil
}

// connections are those of the server.
type connections struct {
	timeout time.Duration // of the progress of an answer
	refused *refused.Recorder
	// stopping says that gRPC closes connections by itself.
	stopping atomic.Bool

	mu   sync.Mutex
	open map[*connection]struct{}
}

func (all *connections) add(conn net.Conn) *connection {
	c := &connection{Conn: conn, all: all, answers: make(map[*answer]struct{})}
	c.addr = address{conn.RemoteAddr(), c}
	c.in = frames{skip: prefaceBytes, found: c.received}
	c.out = frames{found: c.sent}
	all.mu.Lock()
	defer all.mu.Unlock()
	all.open[c] = struct{}{}
	return c
}

// watch closes connections whose caller takes nothing of a response, until ctx ends.
func (all *connections) watch(ctx context.Context) {
	ticker := time.NewTicker(max(all.timeout/4, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			all.closeStalled(now)
		}
	}
}

func (all *connections) closeStalled(now time.Time) {
	all.mu.Lock()
	open := make([]*connection, 0, len(all.open))
	for c := range all.open {
		open = append(open, c)
	}
	all.mu.Unlock()
	for _, c := range open {
		c.recordRefused(false)
		if c.stalled(now, all.timeout) {
			c.ended.Store(true)
			_ = c.Close() // gRPC ends its streams
		}
	}
}

// A connection knows the responses that gRPC has not written to it. gRPC cannot reset the
// stream of a response that waits for the caller, so a caller who takes nothing loses the
// connection.
type connection struct {
	net.Conn
	all  *connections
	addr address

	in, out  frames
	lastRead atomic.Int64 // in nanoseconds
	// ended says that there is a known reason for the connection to be closed.
	ended  atomic.Bool
	asked  uint32          // the last stream of the client; of the goroutine that reads
	begun  atomic.Int64    // streams of the client
	served atomic.Int64    // of these, calls of the chain, or of health and reflection
	resets [4]atomic.Int64 // of these, those that gRPC has reset, by reasonsOfReset

	mu       sync.Mutex
	closed   bool
	answers  map[*answer]struct{}
	before   int64 // begun, at the last look
	recorded int64 // refused, so far
}

// An address is the peer of a connection: what gRPC has for a call of its connection is
// this address.
type address struct {
	net.Addr
	conn *connection
}

// RemoteAddr returns the *address.
func (c *connection) RemoteAddr() net.Addr { return &c.addr }

// connectionOf returns the connection of a call; nil if it is not known.
func connectionOf(ctx context.Context) *connection {
	if p, ok := peer.FromContext(ctx); ok {
		if addr, ok := p.Addr.(*address); ok {
			return addr.conn
		}
	}
	return nil
}

// keep keeps an answer until it is written. It returns false if it never will be.
func (c *connection) keep(a *answer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	a.seen, a.since = a.left.Load(), time.Now()
	c.answers[a] = struct{}{}
	return true
}

func (c *connection) remove(a *answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, a)
}

// stalled reports whether nothing of a response was written for the timeout.
func (c *connection) stalled(now time.Time, timeout time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a := range c.answers {
		if left := a.left.Load(); left != a.seen {
			a.seen, a.since = left, now
		} else if now.Sub(a.since) >= timeout {
			return true
		}
	}
	return false
}

// Close also gives back what the responses hold: gRPC does not free those of a connection
// that has ended.
func (c *connection) Close() error {
	c.mu.Lock()
	c.closed = true
	for a := range c.answers {
		a.lease.Release()
	}
	clear(c.answers)
	c.mu.Unlock()
	c.all.mu.Lock()
	_, open := c.all.open[c]
	delete(c.all.open, c)
	c.all.mu.Unlock()
	if open {
		if c.broken() && !c.all.stopping.Load() {
			c.resets[resetBroken].Add(1)
		}
		c.recordRefused(true)
	}
	return c.Conn.Close()
}
