package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// listeners are where the three ports listen.
type listeners struct{ grpc, rest, admin net.Listener }

// listen opens all three or none.
func listen(cfg *configv1.Config) (listeners, error) {
	var l listeners
	var errs [3]error
	l.grpc, errs[0] = listenOn("grpc", cfg.GetGrpc())
	l.rest, errs[1] = listenOn("rest", cfg.GetRest())
	l.admin, errs[2] = listenOn("admin", cfg.GetAdmin())
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

// listenOn refuses what would be less safe than the configuration says: a port
// that is to have TLS, which this version does not serve, and an address beyond
// loopback that is not allowed in so many words.
func listenOn(door string, cfg *configv1.Listener) (net.Listener, error) {
	if cfg.GetTls() != nil {
		return nil, fmt.Errorf("%s: tls is configured, and not served by this version", door)
	}
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", cfg.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", door, err)
	}
	if addr, ok := l.Addr().(*net.TCPAddr); ok && !addr.IP.IsLoopback() && !cfg.GetAllowPlaintext() {
		l.Close()
		return nil, fmt.Errorf("%s: %s is beyond loopback, without authentication and TLS: set allow_plaintext to mean it", door, cfg.GetAddress())
	}
	return l, nil
}
