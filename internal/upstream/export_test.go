package upstream

import (
	"context"
	"net"
)

// DialWith makes the connections of all clients by dial, for tests that own the
// network.
func (r *Router) DialWith(dial func(context.Context) (net.Conn, error)) {
	for _, c := range r.graph.Load().clients {
		c.transport.connect = dial
	}
}

// Covers reports whether an RPC may be sent again after err, and whether the table
// has it at all.
func Covers(fullMethod string, err *Error) (covered, known bool) {
	c, known := repeats[fullMethod]
	return c.covers(err), known
}
