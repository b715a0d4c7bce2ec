package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// The ports, as errors and the log name them.
const (
	portGRPC  = "grpc"
	portREST  = "rest"
	portAdmin = "admin"
)

// listeners are those of the three ports.
type listeners struct{ grpc, rest, admin net.Listener }

// listen opens all three or none.
func listen(cfg *configv1.Config, flags bool) (listeners, error) {
	var l listeners
	var errs [3]error
	l.grpc, errs[0] = listenOn(portGRPC, cfg.GetGrpc(), flags)
	l.rest, errs[1] = listenOn(portREST, cfg.GetRest(), flags)
	l.admin, errs[2] = listenOn(portAdmin, cfg.GetAdmin(), flags)
	if err := errors.Join(errs[:]...); err != nil {
		l.close()
		return listeners{}, err
	}
	return l, nil
}

func (l listeners) close() {
	for _, one := range []net.Listener{l.grpc, l.rest, l.admin} {
		if one != nil {
			one.Close()
		}
	}
}

// listenOn rejects plaintext beyond loopback, unless it is allowed explicitly.
func listenOn(name string, cfg *configv1.Listener, flags bool) (net.Listener, error) {
	source, remedy := name+".address", "set tls or allow_plaintext: true"
	if flags {
		source, remedy = "--"+name, "set --allow-plaintext"
	}
	var config net.ListenConfig
	config.SetMultipathTCP(false) // its sockets do not support keepAway
	l, err := config.Listen(context.Background(), "tcp", cfg.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source, err)
	}
	if addr, ok := l.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() && cfg.GetTls() == nil && !cfg.GetAllowPlaintext() {
		l.Close()
		return nil, fmt.Errorf("%s: %s must be loopback without TLS; %s", source, cfg.GetAddress(), remedy)
	}
	return l, nil
}
