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

// ApplyEnhancedConnection is not there yet.
func (s *Service) ApplyEnhancedConnection(context.Context, *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	return nil, errMissing
}

// CompareEnhancedConnection is not there yet.
func (s *Service) CompareEnhancedConnection(context.Context, *connsvcv1.CompareEnhancedConnectionRequest) (*connsvcv1.CompareEnhancedConnectionResponse, error) {
	return nil, errMissing
}

// ListHosts is not there yet.
func (s *Service) ListHosts(context.Context, *connsvcv1.ListHostsRequest) (*connsvcv1.ListHostsResponse, error) {
	return nil, errMissing
}

// AddHosts is not there yet.
func (s *Service) AddHosts(context.Context, *connsvcv1.AddHostsRequest) (*connsvcv1.AddHostsResponse, error) {
	return nil, errMissing
}

// RemoveHosts is not there yet.
func (s *Service) RemoveHosts(context.Context, *connsvcv1.RemoveHostsRequest) (*connsvcv1.RemoveHostsResponse, error) {
	return nil, errMissing
}

// WatchEnhancedConnections is not there yet.
func (s *Service) WatchEnhancedConnections(*connsvcv1.WatchEnhancedConnectionsRequest, grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	return errMissing
}
