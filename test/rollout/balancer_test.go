package rollout_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// A balancer spreads connections over the REST doors of the endpoints. It is one of
// layer 4, as kube-proxy is: it chooses once for each connection, knows nothing of
// the calls on it, and leaves it alone when its replica turns not ready.
type balancer struct {
	listener net.Listener
	carrying sync.WaitGroup

	mu       sync.Mutex
	targets  []string
	next     int
	open     map[net.Conn]bool
	refusals []error
}

func newBalancer() (*balancer, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: listener, open: map[net.Conn]bool{}}
	b.carrying.Go(b.accept)
	return b, nil
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// use makes these the endpoints of new connections.
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
		b.carrying.Go(func() { b.carry(caller) })
	}
}

// carry connects a caller to an endpoint until either ends the connection. There is
// no second try: a caller of an endpoint that is not there sees its connection end.
func (b *balancer) carry(caller net.Conn) {
	defer caller.Close()
	target, err := b.target()
	var replica net.Conn
	if err == nil {
		replica, err = net.DialTimeout("tcp", target, time.Second)
	}
	if err != nil {
		b.mu.Lock()
		b.refusals = append(b.refusals, err)
		b.mu.Unlock()
		return
	}
	defer replica.Close()
	defer b.hold(caller, replica)()
	var forth sync.WaitGroup
	forth.Go(func() { pass(replica, caller) })
	pass(caller, replica)
	forth.Wait()
}

// pass hands on what from sends, and then that it sends no more.
func pass(to, from net.Conn) {
	// An error ends the connection, which is all that there is to do.
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
}

// hold lets close end the two connections, until it is undone.
func (b *balancer) hold(conns ...net.Conn) (undo func()) {
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

// close ends every connection. It returns the connections that found no endpoint.
func (b *balancer) close() []error {
	b.listener.Close()
	b.mu.Lock()
	for c := range b.open {
		c.Close()
	}
	b.mu.Unlock()
	b.carrying.Wait()
	return b.refusals
}
