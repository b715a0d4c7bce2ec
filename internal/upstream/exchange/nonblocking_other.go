//go:build !unix

package exchange

import (
	"net"
	"time"
)

// readNonblocking reads what is received within a millisecond. If that is nothing, the
// error is os.ErrDeadlineExceeded, which TLS treats as temporary.
func readNonblocking(c net.Conn, p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := c.Read(p)
	_ = c.SetReadDeadline(time.Time{})
	return n, err
}
