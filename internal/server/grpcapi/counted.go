package grpcapi

import (
	"net"
	"sync/atomic"

	"google.golang.org/grpc/credentials"
)

// counting are credentials whose connections count the bytes that they receive.
type counting struct {
	credentials.TransportCredentials
}

// ServerHandshake is that of the credentials.
func (c counting) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	conn, info, err := c.TransportCredentials.ServerHandshake(raw)
	if err != nil {
		return nil, nil, err
	}
	return &countedConn{Conn: conn, addr: countedAddr{Addr: conn.RemoteAddr()}}, info, nil
}

type countedConn struct {
	net.Conn
	addr countedAddr
}

// A countedAddr is the peer of a connection, with the count: what gRPC has for a call of
// its connection is this address.
type countedAddr struct {
	net.Addr
	received atomic.Int64 // bytes
}

func (c *countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.addr.received.Add(int64(n))
	return n, err
}

// RemoteAddr returns the *countedAddr.
func (c *countedConn) RemoteAddr() net.Addr { return &c.addr }
