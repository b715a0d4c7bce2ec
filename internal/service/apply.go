package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// rpcs are what an apply is made of.
type rpcs struct{ *Service }

// ListFrom makes one call for a list.
func (r rpcs) ListFrom(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest, offset int32) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	return r.listFrom(ctx, req, offset)
}

// ApplyEnhancedConnection makes a connection as it is wanted: see package apply.
func (s *Service) ApplyEnhancedConnection(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	return s.applier.Apply(ctx, req)
}

// CompareEnhancedConnection compares connections with how they are wanted.
func (s *Service) CompareEnhancedConnection(ctx context.Context, req *connsvcv1.CompareEnhancedConnectionRequest) (*connsvcv1.CompareEnhancedConnectionResponse, error) {
	return s.applier.Compare(ctx, req)
}

// ListHosts returns the hosts of a connection.
func (s *Service) ListHosts(ctx context.Context, req *connsvcv1.ListHostsRequest) (*connsvcv1.ListHostsResponse, error) {
	return s.applier.ListHosts(ctx, req)
}

// AddHosts adds to the hosts of a connection.
func (s *Service) AddHosts(ctx context.Context, req *connsvcv1.AddHostsRequest) (*connsvcv1.AddHostsResponse, error) {
	return s.applier.AddHosts(ctx, req)
}

// RemoveHosts removes from the hosts of a connection.
func (s *Service) RemoveHosts(ctx context.Context, req *connsvcv1.RemoveHostsRequest) (*connsvcv1.RemoveHostsResponse, error) {
	return s.applier.RemoveHosts(ctx, req)
}
