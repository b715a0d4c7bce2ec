package service

import (
	"context"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

// CreateEnhancedConnection creates a connection (dli_02_0187), at most once: see
// package create.
func (s *Service) CreateEnhancedConnection(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	dli, err := s.dli(req.GetProjectId())
	if err != nil {
		return nil, apierror.FromDLI(err, apierror.Subject{Project: req.GetProjectId()})
	}
	return s.creates.Create(ctx, dli, req)
}

// GetEnhancedConnection returns a connection (dli_02_0189). DLI shows deleted ones for
// a while; to a caller they do not exist.
func (s *Service) GetEnhancedConnection(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	about := apierror.Subject{Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.EnhancedConnection{}
	if err := s.call(ctx, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	switch {
	case resp.GetId() != "" && !strings.EqualFold(resp.GetId(), req.GetConnectionId()):
		return nil, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned another connection than the requested one", nil)
	case resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED:
		return nil, apierror.ConnectionNotFound(req.GetConnectionId())
	case resp.GetId() == "":
		return nil, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned no connection", nil)
	}
	return resp, nil
}

// DeleteEnhancedConnection deletes a connection (dli_02_0188).
func (s *Service) DeleteEnhancedConnection(ctx context.Context, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	about := apierror.Subject{Operation: apierror.DeleteConnection, Change: true, Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.DeleteEnhancedConnectionResponse{}
	err := s.call(ctx, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, about, req, resp)
	if err != nil && !deletedByRetry(err) {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}

// deletedByRetry reports whether the target of a delete is missing because an earlier
// attempt of the same call deleted it.
func deletedByRetry(err error) bool {
	u, ok := apierror.Find[upstream.Error](err)
	if !ok || !u.MayHaveExecuted {
		return false
	}
	switch apierror.From(err).Reason {
	case connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, connsvcv1.ErrorReason_RESOURCE_NOT_FOUND:
		return true
	default:
		return false
	}
}
