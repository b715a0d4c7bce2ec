package server

import (
	"context"

	"google.golang.org/grpc"

	"github.com/connsvc/connsvc/internal/apierror"
)

// refusal gives every error its place in the error map, once, and sends it: what
// metrics and log tell is what the caller got.
func refusal(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	answer, err := handler(ctx, req)
	if err == nil {
		return answer, nil
	}
	c := callFrom(ctx)
	c.failure = apierror.From(err).WithRequestID(c.id)
	c.wire.refuse(c)
	return nil, c.failure
}
