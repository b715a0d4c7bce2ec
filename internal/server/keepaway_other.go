//go:build !linux

package server

import "net"

// keepAway does nothing: connections that come while the listener closes may be reset.
func keepAway(*net.TCPListener) {}
