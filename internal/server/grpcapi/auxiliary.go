package grpcapi

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// tap gives a stream the context of a call before anything of it is read: the
// transport's own context ends a wait for a message that does not come. Health and
// reflection have none; they end when the server begins to stop.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if s.auxiliary[info.FullMethodName] {
		ctx, cancel := context.WithCancel(ctx)
		unlink := context.AfterFunc(s.stopping, cancel)
		context.AfterFunc(ctx, func() { unlink() })
		return ctx, nil
	}
	// gRPC cancels the parent as the stream ends, and this context with it.
	ctx, cancel := s.chain.WithDeadline(ctx)
	return newArrival(ctx, cancel, s.messageTimeout), nil
}

// observeUnary and observeStream measure health and reflection. They are not in the
// access log: probes would flood it.
func (s *Server) observeUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	start := time.Now()
	resp, err := handler(ctx, req)
	s.chain.Metrics.Record(ctx, strings.TrimPrefix(info.FullMethod, "/"), status.Code(err), time.Since(start))
	return resp, err
}

func (s *Server) observeStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !s.auxiliary[info.FullMethod] {
		return handler(srv, stream) // the chain observes it
	}
	start := time.Now()
	err := handler(srv, stream)
	s.chain.Metrics.Record(stream.Context(), strings.TrimPrefix(info.FullMethod, "/"), status.Code(err), time.Since(start))
	return err
}
