package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// CreateRoute adds a route to a connection (dli_02_0371).
func (s *Service) CreateRoute(ctx context.Context, req *connsvcv1.CreateRouteRequest) (*connsvcv1.CreateRouteResponse, error) {
	about := subject{
		operation:    createRoute,
		project:      req.GetProjectId(),
		connectionID: req.GetConnectionId(),
		route:        req.GetName(),
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
	about := subject{
		operation:    deleteRoute,
		project:      req.GetProjectId(),
		connectionID: req.GetConnectionId(),
		route:        req.GetName(),
	}
	resp := &connsvcv1.DeleteRouteResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_DeleteRoute_FullMethodName, about, req, resp); err != nil && !goneByRepeat(err) {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
