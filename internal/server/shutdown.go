package server

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// adminGrace is what the operator's port has for its last answers, on top of the
// time of the stop.
const adminGrace = time.Second

// A step is one part of stopping. It should be done when ctx ends, and cuts
// what is not.
type step struct {
	name string
	run  func(ctx context.Context)
}

// steps is the order of stopping. Callers are kept away before a door closes.
// Both doors close at once: neither needs the other, and one that waited would
// take calls that the deadline then cuts. The upstream outlives them, as calls in
// flight need it; the operator's port is last, so that probes and metrics tell of
// the stop.
func (s *Server) steps() []step {
	return []step{
		{"not ready", func(context.Context) { s.setReady(false) }},
		{"drain delay", s.delay},
		{"rest and grpc", func(ctx context.Context) {
			var doors sync.WaitGroup
			doors.Go(func() { s.close(ctx, s.rest, "REST") })
			doors.Go(func() { s.grpc.stop(ctx, s.log) })
			doors.Wait()
		}},
		{"upstream", func(ctx context.Context) {
			if s.closeUpstream != nil {
				s.closeUpstream(ctx)
			}
		}},
		{"admin", func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), adminGrace)
			defer cancel()
			s.close(ctx, s.admin, "admin")
		}},
	}
}

// stop takes all steps under one deadline.
func (s *Server) stop(ctx context.Context) {
	delay, timeout := s.shutdown.GetDrainDelay().AsDuration(), s.shutdown.GetTimeout().AsDuration()
	ctx, cancel := context.WithTimeout(ctx, delay+timeout)
	defer cancel()
	for _, step := range s.steps() {
		s.log.DebugContext(ctx, "stopping", "step", step.name)
		step.run(ctx)
	}
}

func (s *Server) delay(ctx context.Context) {
	timer := time.NewTimer(s.shutdown.GetDrainDelay().AsDuration())
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// close lets the calls in flight complete, and cuts them when ctx ends.
func (s *Server) close(ctx context.Context, server *http.Server, name string) {
	if err := server.Shutdown(ctx); err != nil {
		s.log.WarnContext(ctx, "cutting calls that did not complete in time", "port", name, "error", err.Error())
		server.Close()
	}
}
