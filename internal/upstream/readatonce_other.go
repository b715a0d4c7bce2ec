//go:build !unix

package upstream

import (
	"net"
	"time"
)

// readAtOnce reads what is there, or comes within a moment. Where that is nothing,
// the error is os.ErrDeadlineExceeded, which TLS takes for one that passes.
func readAtOnce(c net.Conn, p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		return 0, err
	}
	n, err := c.Read(p)
	_ = c.SetReadDeadline(time.Time{})
	return n, err
}
