//go:build unix

package exchange

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
)

// readNonblocking reads what was received already. If that is nothing, the error is
// os.ErrDeadlineExceeded, which TLS treats as temporary.
func readNonblocking(c net.Conn, p []byte) (int, error) {
	socket, ok := c.(syscall.Conn)
	if !ok {
		return 0, os.ErrDeadlineExceeded
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, err
	}
	var n int
	var failed error
	err = raw.Read(func(fd uintptr) bool {
		n, failed = syscall.Read(int(fd), p) //nolint:gosec // a descriptor is an int
		return true
	})
	switch {
	case err != nil:
		return 0, err
	case errors.Is(failed, syscall.EAGAIN):
		return 0, os.ErrDeadlineExceeded
	case failed != nil:
		return 0, failed
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}
