package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// AssociateQueues binds queues and elastic resource pools to a connection
// (dli_02_0191).
func (s *Service) AssociateQueues(ctx context.Context, req *connsvcv1.AssociateQueuesRequest) (*connsvcv1.AssociateQueuesResponse, error) {
	about := apierror.Subject{
		Change:       true,
		Project:      req.GetProjectId(),
		ConnectionID: req.GetConnectionId(),
		Queues:       req.GetQueues(),
		Pools:        req.GetElasticResourcePools(),
	}
	resp := &connsvcv1.AssociateQueuesResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_AssociateQueues_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}

// DisassociateQueues unbinds queues and elastic resource pools from a connection
// (dli_02_0192).
func (s *Service) DisassociateQueues(ctx context.Context, req *connsvcv1.DisassociateQueuesRequest) (*connsvcv1.DisassociateQueuesResponse, error) {
	about := apierror.Subject{
		Operation:    apierror.DisassociateQueues,
		Change:       true,
		Project:      req.GetProjectId(),
		ConnectionID: req.GetConnectionId(),
		Queues:       req.GetQueues(),
		Pools:        req.GetElasticResourcePools(),
	}
	resp := &connsvcv1.DisassociateQueuesResponse{}
	err := s.call(ctx, connsvcv1.ConnectionService_DisassociateQueues_FullMethodName, about, req, resp)
	s.applier.Unbound(about.Project, about.ConnectionID, about.Queues)
	if err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
