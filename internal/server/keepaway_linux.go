package server

import (
	"net"

	"golang.org/x/sys/unix"
)

// keepAway has the kernel ignore new handshakes, while those under way complete: a
// connection that it accepts just before the listener closes would be reset with its
// request. Its client sends the SYN again and finds the port closed. Where the kernel
// rejects the filter such a connection may be lost.
func keepAway(l *net.TCPListener) {
	const (
		flags  = 13   // offset in the TCP header
		synAck = 0x12 // bits of flags
		syn    = 0x02
	)
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: flags},
		{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: synAck},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: syn, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: 1<<32 - 1},
	}
	raw, err := l.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}                 //nolint:gosec // it is five
		_ = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &program) //nolint:gosec // a file descriptor
	})
}
