package rollout_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A balancer spreads connections over the replicas' REST servers, on layer 4 as
// kube-proxy does: it chooses once for each connection, sees no calls, and keeps a
// connection whose replica is no longer ready.
type balancer struct {
	listener net.Listener
	relaying sync.WaitGroup

	mu         sync.Mutex
	targets    []string
	next       int
	open       map[net.Conn]bool
	dialErrors []error
}

func newBalancer() (*balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: listener, open: map[net.Conn]bool{}}
	b.relaying.Go(b.accept)
	return b, nil
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// use sets the endpoints of new connections.
func (b *balancer) use(targets []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.targets = targets
}

func (b *balancer) target() (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.targets) == 0 {
		return "", errors.New("no endpoint")
	}
	b.next++
	return b.targets[b.next%len(b.targets)], nil
}

func (b *balancer) accept() {
	for {
		caller, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.relaying.Go(func() { b.relay(caller) })
	}
}

// relay connects a caller to an endpoint until either ends the connection. It does not
// try a second endpoint: the caller of a missing one sees its connection end.
func (b *balancer) relay(caller net.Conn) {
	defer caller.Close()
	target, err := b.target()
	var replica net.Conn
	if err == nil {
		replica, err = net.DialTimeout("tcp", target, time.Second)
	}
	if err != nil {
		b.mu.Lock()
		b.dialErrors = append(b.dialErrors, err)
		b.mu.Unlock()
		return
	}
	defer replica.Close()
	defer b.track(caller, replica)()
	var forth sync.WaitGroup
	forth.Go(func() { pass(replica, caller) })
	pass(caller, replica)
	forth.Wait()
}

// pass copies what from sends, and its end.
func pass(to, from net.Conn) {
	// An error ends the connection, as it should.
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
}

// track makes close end these connections, until undo is called.
func (b *balancer) track(conns ...net.Conn) (undo func()) {
	set := func(open bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, c := range conns {
			if open {
				b.open[c] = true
			} else {
				delete(b.open, c)
			}
		}
	}
	set(true)
	return func() { set(false) }
}

// close ends every connection. It returns the errors of connections without an endpoint.
func (b *balancer) close() []error {
	b.listener.Close()
	b.mu.Lock()
	for c := range b.open {
		c.Close()
	}
	b.mu.Unlock()
	b.relaying.Wait()
	return b.dialErrors
}
