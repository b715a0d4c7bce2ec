package server

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// deadline gives a call at most timeout; the caller's own deadline stands where
// it is earlier.
func deadline(timeout time.Duration) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if at, ok := ctx.Deadline(); ok && time.Until(at) <= timeout {
			return handler(ctx, req)
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return handler(ctx, req)
	}
}
