package server

import (
	"context"
	"time"

	"google.golang.org/grpc"
)

// answerMargin is what is kept of a caller's time, though never more than a tenth of
// it: a caller who is answered at its deadline is not answered, and has to conclude
// for itself what became of the call.
const answerMargin = 250 * time.Millisecond

// deadline gives a call at most timeout; the caller's own deadline stands where
// it is earlier, less the time to answer.
func deadline(timeout time.Duration) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		limit := timeout
		if at, ok := ctx.Deadline(); ok {
			left := time.Until(at)
			limit = min(limit, left-min(answerMargin, left/10))
		}
		ctx, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		return handler(ctx, req)
	}
}
