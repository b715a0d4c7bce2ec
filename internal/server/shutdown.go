package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/telemetry"
)

// adminGrace is what the operator's port has for its last responses, on top of the
// time of the stop.
const adminGrace = time.Second

// maxLoggedCalls is how many of the calls that a stop waits for are logged.
const maxLoggedCalls = 10

// A step is one part of stopping. When ctx ends it cuts what is not done.
type step struct {
	name string
	run  func(ctx context.Context)
}

// steps lists the shutdown order. Readiness fails and the drain delay passes before a
// port closes. Calls that wait are sent away only then: earlier, a gRPC client would come
// back on the connection that it has. REST and gRPC close together, so that neither accepts calls that the
// deadline would cut. The upstream closes next, as calls in flight need it; the admin
// port closes last, to serve probes and metrics meanwhile.
func (s *Server) steps() []step {
	return []step{
		{"not ready", func(context.Context) { s.setReady(false) }},
		{"drain delay", s.delay},
		{"long calls", func(context.Context) { s.chain.Stop() }},
		{"rest and grpc", func(ctx context.Context) {
			if oldest, n := s.chain.Metrics.InFlight(maxLoggedCalls); n > 0 {
				s.log.InfoContext(ctx, "waiting for calls in flight", "calls_in_flight", n, "oldest", oldest)
			}
			var apis sync.WaitGroup
			apis.Go(func() {
				s.rest.drain(ctx)
				s.close(ctx, s.rest.Server, telemetry.PortREST)
				close(s.rest.cut)
			})
			apis.Go(func() { s.grpc.Stop(ctx, s.log) })
			apis.Wait()
		}},
		{"upstream", func(ctx context.Context) {
			if s.closeUpstream != nil {
				s.closeUpstream(ctx)
			}
		}},
		{"admin", func(ctx context.Context) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), adminGrace)
			defer cancel()
			s.close(ctx, s.admin, telemetry.PortAdmin)
		}},
	}
}

// stop takes all steps under one deadline.
func (s *Server) stop(ctx context.Context) {
	delay, timeout := s.shutdown.GetDrainDelay().AsDuration(), s.shutdown.GetTimeout().AsDuration()
	ctx, cancel := context.WithTimeout(ctx, delay+timeout)
	defer cancel()
	start := time.Now()
	_, calls := s.chain.Metrics.InFlight(0)
	s.log.InfoContext(ctx, "stopping", "calls_in_flight", calls, "drain_delay", delay.String(), "timeout", timeout.String())
	for _, step := range s.steps() {
		s.log.DebugContext(ctx, "step of stopping", "step", step.name)
		step.run(ctx)
	}
	s.log.InfoContext(ctx, "stopped", "after", time.Since(start).Round(time.Millisecond).String())
}

func (s *Server) delay(ctx context.Context) {
	call.Sleep(ctx, s.shutdown.GetDrainDelay().AsDuration())
}

// close lets the calls in flight complete, and cuts them when ctx ends.
func (s *Server) close(ctx context.Context, server *http.Server, name string) {
	if err := server.Shutdown(ctx); err != nil {
		s.log.WarnContext(ctx, "cutting calls that did not complete in time", "port", name, "error", err.Error())
		server.Close()
	}
}
