package server

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"

	"google.golang.org/grpc"
)

// A port is one of the listeners being served.
type port struct {
	name  string
	serve func() error
}

func (s *Server) ports() []port {
	return []port{
		{"grpc", func() error { return s.grpc.serve(s.listeners.grpc) }},
		{"rest", func() error { return s.rest.Serve(s.listeners.rest) }},
		{"admin", func() error { return s.admin.Serve(s.listeners.admin) }},
	}
}

// Run serves until ctx ends or a port fails, then stops in order: not ready,
// drain delay, REST, gRPC, upstream, admin. It returns nil after a stop that was
// asked for, else what failed. It is called once.
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
	s.setReady(true)
	var errs []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		errs = append(errs, err)
	}
	s.stop(context.WithoutCancel(ctx))
	serving.Wait()
	close(failed)
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// stopped tells whether serving ended because it was asked to, perhaps before it
// began.
func stopped(err error) bool {
	return errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped)
}

func (s *Server) setReady(ready bool) {
	s.ready.Store(ready)
	s.grpc.setServing(ready)
}
