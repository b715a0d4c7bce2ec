package grpcapi

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// events is the handler of an RPC with a stream of responses.
func events(generated grpc.StreamHandler) handler {
	return func(ctx context.Context, x *exchange, c *chain.Call) error {
		return generated(x.api, &eventStream{ServerStream: x.stream, ctx: ctx, exchange: x, call: c})
	}
}

// An eventStream is the stream that a generated handler reads the request from and the
// service sends to.
type eventStream struct {
	grpc.ServerStream
	ctx      context.Context
	exchange *exchange
	call     *chain.Call
}

// Context returns the context of the call.
func (s *eventStream) Context() context.Context { return s.ctx }

// RecvMsg receives the request.
func (s *eventStream) RecvMsg(req any) error { return s.exchange.receive(s.call, req.(proto.Message)) }

// SendMsg returns when the event is written to the connection: gRPC would queue 64 KiB of
// them for a caller who does not read. One who takes nothing for the message timeout loses
// the connection, as with any response.
func (s *eventStream) SendMsg(event any) error {
	written := make(chan struct{})
	if err := s.exchange.reply(s.call, event.(proto.Message), written); err != nil {
		return err
	}
	select {
	case <-written:
		s.call.Events++
		return nil
	case <-s.ctx.Done():
		return apierror.NotSent(s.ctx.Err())
	}
}
