package service

import (
	"context"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// CreateConnectivityTest starts a test of whether a queue can open a TCP connection to an
// address (dli_02_0284).
func (s *Service) CreateConnectivityTest(ctx context.Context, req *connsvcv1.CreateConnectivityTestRequest) (*connsvcv1.CreateConnectivityTestResponse, error) {
	about := apierror.Subject{Operation: apierror.CreateConnectivityTest, Project: req.GetProjectId(), Queues: []string{req.GetQueueName()}}
	resp := &connsvcv1.CreateConnectivityTestResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_CreateConnectivityTest_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	if resp.GetTaskId() == 0 {
		return nil, apierror.New(connsvcv1.ErrorReason_UPSTREAM_FAULT, "DLI returned no task_id", nil)
	}
	resp.IsSuccess = true
	return resp, nil
}

// GetConnectivityTest returns the result of a test (dli_02_0285), in DLI's own words; an
// empty one while the test runs.
func (s *Service) GetConnectivityTest(ctx context.Context, req *connsvcv1.GetConnectivityTestRequest) (*connsvcv1.GetConnectivityTestResponse, error) {
	about := apierror.Subject{
		Operation: apierror.GetConnectivityTest,
		Project:   req.GetProjectId(),
		Queues:    []string{req.GetQueueName()},
		Task:      req.GetTaskId(),
	}
	resp := &connsvcv1.GetConnectivityTestResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_GetConnectivityTest_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}
