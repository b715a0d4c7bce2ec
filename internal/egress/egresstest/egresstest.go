// Package egresstest is a proxy for tests, on loopback. It makes tunnels by CONNECT, or
// answers as a test says.
package egresstest

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
)

// Established is the response of a proxy that has made a tunnel.
const Established = "HTTP/1.1 200 Connection established\r\n\r\n"

// A Proxy is a running proxy.
type Proxy struct {
	Address string // host and port

	mu       sync.Mutex
	requests []*http.Request
	open     map[net.Conn]bool
}

// New starts a proxy; with secure it speaks https. answer writes the response to each
// CONNECT and reports whether the tunnel is to be made; nil makes each.
func New(t testing.TB, secure *tls.Config, answer func(net.Conn, *http.Request) bool) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // loopback, and closed with the test
	if err != nil {
		t.Fatal(err)
	}
	if answer == nil {
		answer = Tunnel
	}
	p := &Proxy{Address: listener.Addr().String(), open: make(map[net.Conn]bool)}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			p.keep(c)
			serving.Go(func() {
				defer c.Close()
				near := c
				if secure != nil {
					near = tls.Server(c, secure)
				}
				p.serve(near, answer)
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		p.mu.Lock()
		for c := range p.open {
			_ = c.Close()
		}
		p.mu.Unlock()
		serving.Wait()
	})
	return p
}

// Tunnel answers that the tunnel is made.
func Tunnel(c net.Conn, _ *http.Request) bool {
	_, err := io.WriteString(c, Established)
	return err == nil
}

// Requests returns the CONNECT requests so far.
func (p *Proxy) Requests() []*http.Request {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]*http.Request(nil), p.requests...)
}

func (p *Proxy) keep(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
}

func (p *Proxy) serve(near net.Conn, answer func(net.Conn, *http.Request) bool) {
	reader := bufio.NewReader(near)
	r, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	p.mu.Lock()
	p.requests = append(p.requests, r)
	p.mu.Unlock()
	if !answer(near, r) {
		return
	}
	far, err := net.Dial("tcp", r.Host) //nolint:noctx // loopback, and closed with the test
	if err != nil {
		return
	}
	defer far.Close()
	p.keep(far)
	var copying sync.WaitGroup
	copying.Go(func() {
		_, _ = io.Copy(far, reader)
		_ = far.(*net.TCPConn).CloseWrite()
	})
	_, _ = io.Copy(near, far)
	_ = near.Close()
	copying.Wait()
}
