package server

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/connsvc/connsvc/internal/credentials"
)

// callerTokenKey is the metadata key, and the HTTP header, of the caller's IAM token.
const callerTokenKey = "x-auth-token"

// callerToken puts the caller's IAM token where an upstream that passes it through
// finds it. Of two, none is taken: nobody could tell which is meant.
func callerToken(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	if sent := metadata.ValueFromIncomingContext(ctx, callerTokenKey); len(sent) == 1 {
		ctx = credentials.WithCallerToken(ctx, sent[0])
	}
	return handler(ctx, req)
}
