package server

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// tap gives a stream the deadline of a call before anything of it is read: it is
// the transport's context that ends a wait for a message that does not come.
// Health and reflection may last; they end when the door begins to stop.
func (g *grpcDoor) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if g.bystanders[info.FullMethodName] {
		ctx, cancel := context.WithCancel(ctx)
		unlink := context.AfterFunc(g.draining, cancel)
		context.AfterFunc(ctx, func() { unlink() })
		return ctx, nil
	}
	// The parent is the stream's own context, which gRPC cancels as the stream ends.
	ctx, cancel := bounded(ctx, g.limits.GetCallTimeout().AsDuration())
	_ = cancel
	return ctx, nil
}

// watchUnary and watchStream measure health and reflection. Probes would flood
// the access log, so they are not in it.
func (g *grpcDoor) watchUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	start := time.Now()
	answer, err := handler(ctx, req)
	g.metrics.record(ctx, strings.TrimPrefix(info.FullMethod, "/"), status.Code(err), time.Since(start))
	return answer, err
}

func (g *grpcDoor) watchStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !g.bystanders[info.FullMethod] {
		return handler(srv, stream) // unknown, and observed by the chain
	}
	start := time.Now()
	err := handler(srv, stream)
	g.metrics.record(stream.Context(), strings.TrimPrefix(info.FullMethod, "/"), status.Code(err), time.Since(start))
	return err
}
