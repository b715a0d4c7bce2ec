package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"

	"google.golang.org/grpc"

	"github.com/connsvc/connsvc/internal/telemetry"
)

// A port is one of the listeners being served.
type port struct {
	name  string
	serve func() error
}

func (s *Server) ports() []port {
	return []port{
		{telemetry.PortGRPC, func() error { return s.grpc.Serve(s.limited(telemetry.PortGRPC, s.listeners.grpc)) }},
		{telemetry.PortREST, s.rest.serve},
		{telemetry.PortAdmin, func() error { return serveHTTP(s.admin, s.listeners.admin) }},
	}
}

func serveHTTP(server *http.Server, l net.Listener) error {
	if server.TLSConfig != nil {
		return server.ServeTLS(l, "", "")
	}
	return server.Serve(l)
}

// Run serves until ctx ends or a port fails, then stops in the order of steps. It returns
// nil after a requested stop, otherwise what
// failed. It is called once.
func (s *Server) Run(ctx context.Context) error {
	ports := s.ports()
	failed := make(chan error, len(ports))
	var serving sync.WaitGroup
	for _, p := range ports {
		serving.Go(func() {
			if err := p.serve(); err != nil && !stopped(err) {
				failed <- fmt.Errorf("serving %s: %w", p.name, err)
			}
		})
	}
	watching, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	serving.Go(func() { s.certificates.Watch(watching) })
	s.setReady(true)
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs = append(errs, err)
	}
	s.stop(context.WithoutCancel(ctx))
	stopWatching()
	serving.Wait()
	close(failed)
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// stopped reports whether serving ended on request, perhaps before it began.
func stopped(err error) bool {
	return errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped)
}

func (s *Server) setReady(ready bool) {
	s.operator.setReady(ready)
	s.grpc.SetServing(ready)
}
