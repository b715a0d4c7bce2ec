package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// transfer reads the request and sends the answer, inside of the limits: a slow
// caller holds its place, and an answer too large to send is an error that is
// seen as any other.
func transfer(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := callFrom(ctx)
	if err := c.wire.receive(ctx, c); err != nil {
		return nil, err
	}
	answer, err := handler(ctx, req)
	if err != nil {
		return nil, err
	}
	return answer, c.wire.reply(ctx, c, answer.(proto.Message))
}
