package service

import (
	"context"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// GetEnhancedConnection returns a connection (dli_02_0189). DLI goes on returning
// deleted ones for a while; to a caller they are gone.
func (s *Service) GetEnhancedConnection(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	dli, err := s.upstream(apierror.Subject{Project: req.GetProjectId()})
	if err != nil {
		return nil, err
	}
	return getConnection(ctx, dli, req)
}

func getConnection(ctx context.Context, dli Upstream, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	about := apierror.Subject{Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.EnhancedConnection{}
	if err := callTo(ctx, dli, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	switch {
	case resp.GetId() != "" && !strings.EqualFold(resp.GetId(), req.GetConnectionId()):
		return nil, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI answered with another connection than the one asked for", nil)
	case resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED:
		return nil, apierror.ConnectionNotFound(req.GetConnectionId())
	case resp.GetId() == "":
		return nil, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI answered without a connection", nil)
	}
	return resp, nil
}

// DeleteEnhancedConnection deletes a connection (dli_02_0188).
func (s *Service) DeleteEnhancedConnection(ctx context.Context, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	dli, err := s.upstream(apierror.Subject{Project: req.GetProjectId()})
	if err != nil {
		return nil, err
	}
	return deleteConnection(ctx, dli, req)
}

func deleteConnection(ctx context.Context, dli Upstream, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	about := apierror.Subject{Operation: apierror.DeleteConnection, Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.DeleteEnhancedConnectionResponse{}
	if err := callTo(ctx, dli, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, about, req, resp); err != nil && !goneByRepeat(err) {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
