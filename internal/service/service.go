// Package service implements ConnectionService: each RPC as a translation to DLI,
// and the one map from errors to gRPC status.
//
// It trusts its requests: whoever calls it has validated and authorized them. It
// keeps no state, and every error that it returns is an *Error.
package service

import (
	"context"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// DLI makes calls to DLI: *upstream.Router does.
type DLI interface {
	Call(ctx context.Context, fullMethod string, req, resp proto.Message) error
}

// Service implements connsvcv1.ConnectionServiceServer.
type Service struct {
	connsvcv1.UnimplementedConnectionServiceServer
	dli DLI
}

// New makes the service over DLI.
func New(dli DLI) *Service { return &Service{dli: dli} }
