package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/validation"
)

// validate checks the request against the rules of the contract.
func validate(v *validation.Validator) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		if err := v.Validate(req.(proto.Message)); err != nil {
			return nil, err
		}
		return handler(ctx, req)
	}
}
