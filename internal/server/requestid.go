package server

import (
	"context"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// requestIDKey is the metadata key, and the HTTP header, of a request ID.
const requestIDKey = "x-request-id"

const maxRequestID = 128

// requestID gives the call its ID, the caller's own if that is safe to log and
// to send back, and returns it in a trailer.
func requestID(ctx context.Context, req any, _ *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
	c := callFrom(ctx)
	if sent := metadata.ValueFromIncomingContext(ctx, requestIDKey); len(sent) == 1 && isRequestID(sent[0]) {
		c.id = sent[0]
	} else {
		c.id = uuid.NewString()
	}
	// It fails only where the stream is gone, and the caller with it.
	_ = grpc.SetTrailer(ctx, metadata.MD{requestIDKey: {c.id}})
	return handler(ctx, req)
}

func isRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		if b := id[i]; !isAlphanumeric(b) && b != '-' && b != '_' && b != '.' && b != ':' && b != '/' && b != '+' && b != '=' && b != '@' {
			return false
		}
	}
	return true
}
