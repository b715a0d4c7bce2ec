package service

import (
	"context"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

var errMissing = apierror.New(connsvcv1.ErrorReason_METHOD_NOT_FOUND, "", nil)

// WaitEnhancedConnection is not there yet.
func (s *Service) WaitEnhancedConnection(context.Context, *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	return nil, errMissing
}

// WatchEnhancedConnections is not there yet.
func (s *Service) WatchEnhancedConnections(*connsvcv1.WatchEnhancedConnectionsRequest, grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	return errMissing
}
