package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/apierror"
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

// unreadable is the error of a request that breaks a rule of its transport, before
// any field of it is known. It is a violation all the same: of the request as a whole.
func unreadable(rule, message string, cause error) *apierror.Error {
	e := apierror.Invalid("", rule, message)
	e.Err = cause
	return e
}
