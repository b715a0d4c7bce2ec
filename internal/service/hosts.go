package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// UpdateEnhancedConnectionHosts replaces all hosts of a connection (dli_02_0200).
func (s *Service) UpdateEnhancedConnectionHosts(ctx context.Context, req *connsvcv1.UpdateEnhancedConnectionHostsRequest) (*connsvcv1.UpdateEnhancedConnectionHostsResponse, error) {
	about := apierror.Subject{Change: true, Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.UpdateEnhancedConnectionHostsResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_UpdateEnhancedConnectionHosts_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
