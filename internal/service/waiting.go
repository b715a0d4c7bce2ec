package service

import (
	"context"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// WaitEnhancedConnection waits until a connection can be used: see package waiting.
func (s *Service) WaitEnhancedConnection(ctx context.Context, req *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	return s.waits.Wait(ctx, req)
}

// WatchEnhancedConnections sends what changes: see package waiting.
func (s *Service) WatchEnhancedConnections(req *connsvcv1.WatchEnhancedConnectionsRequest, stream grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	return s.waits.Watch(req, stream)
}
