package server

import (
	"context"
	"errors"
	"fmt"
	"net"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// listeners are those of the three ports.
type listeners struct{ grpc, rest, admin net.Listener }

// listen opens all three or none.
func listen(cfg *configv1.Config, flags bool) (listeners, error) {
	var l listeners
	var errs [3]error
	guarded := config.Authenticates(cfg.GetAuth()) || cfg.GetAuth().GetAnonymous()
	l.grpc, errs[0] = listenOn(telemetry.PortGRPC, cfg.GetGrpc(), guarded, flags)
	l.rest, errs[1] = listenOn(telemetry.PortREST, cfg.GetRest(), guarded, flags)
	l.admin, errs[2] = listenOn(telemetry.PortAdmin, cfg.GetAdmin(), guarded, flags)
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

// listenOn rejects plaintext and unauthenticated callers beyond loopback, unless they are
// allowed explicitly. guarded means that they are, or that callers are authenticated.
func listenOn(name string, cfg *configv1.Listener, guarded, flags bool) (net.Listener, error) {
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
	switch {
	case isLoopback(l):
		return l, nil
	case cfg.GetTls() == nil && !cfg.GetAllowPlaintext():
		err = fmt.Errorf("%s: %s must be loopback without TLS; %s", source, cfg.GetAddress(), remedy)
	case !guarded:
		err = fmt.Errorf("%s: %s must be loopback without authentication; set auth, or auth.anonymous: true", source, cfg.GetAddress())
	default:
		return l, nil
	}
	l.Close()
	return nil, err
}

func isLoopback(l net.Listener) bool {
	addr, ok := l.Addr().(*net.TCPAddr)
	return ok && addr.IP.IsLoopback()
}
