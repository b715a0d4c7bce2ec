package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// CreateRoute adds a route to a connection (dli_02_0371).
func (s *Service) CreateRoute(ctx context.Context, req *connsvcv1.CreateRouteRequest) (*connsvcv1.CreateRouteResponse, error) {
	about := apierror.Subject{
		Operation:    apierror.CreateRoute,
		Change:       true,
		Project:      req.GetProjectId(),
		ConnectionID: req.GetConnectionId(),
		Route:        req.GetName(),
	}
	resp := &connsvcv1.CreateRouteResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_CreateRoute_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}

// DeleteRoute deletes a route of a connection by its name (dli_02_0372).
func (s *Service) DeleteRoute(ctx context.Context, req *connsvcv1.DeleteRouteRequest) (*connsvcv1.DeleteRouteResponse, error) {
	about := apierror.Subject{
		Operation:    apierror.DeleteRoute,
		Change:       true,
		Project:      req.GetProjectId(),
		ConnectionID: req.GetConnectionId(),
		Route:        req.GetName(),
	}
	resp := &connsvcv1.DeleteRouteResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_DeleteRoute_FullMethodName, about, req, resp); err != nil && !deletedByRetry(err) {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
