package server

import (
	"context"
	"sync/atomic"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// limits bound what is in flight on both doors together, and so the memory. What
// is beyond them is refused at once: a queue would only be slower.
type limits struct {
	maxCalls, maxBytes int64
	calls, bytes       atomic.Int64
}

func (l *limits) intercept(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	defer l.calls.Add(-1)
	if l.calls.Add(1) > l.maxCalls {
		return nil, overloaded("as many calls are in flight as connsvc takes")
	}
	c := callFrom(ctx)
	c.limits = l
	defer func() { l.bytes.Add(-c.held) }()
	return handler(ctx, req)
}

// hold takes n more bytes for the request until the call ends. A request that is
// alone always has room: else one larger than the bound could never be served.
func (c *call) hold(n int64) error {
	if c.limits == nil {
		return nil
	}
	c.held += n
	if total := c.limits.bytes.Add(n); total > c.limits.maxBytes && total > c.held {
		return overloaded("as many bytes of requests are in flight as connsvc takes")
	}
	return nil
}

func overloaded(message string) error {
	return apierror.New(connsvcv1.ErrorReason_OVERLOADED, message, nil)
}
