package service

import (
	"context"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/validation"
)

// ListPrivileges lists what other projects may do with a connection (dli_02_0256).
func (s *Service) ListPrivileges(ctx context.Context, req *connsvcv1.ListPrivilegesRequest) (*connsvcv1.ListPrivilegesResponse, error) {
	about := apierror.Subject{Project: req.GetProjectId(), ConnectionID: req.GetConnectionId()}
	resp := &connsvcv1.ListPrivilegesResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_ListPrivileges_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	if resp.GetConnectionId() == "" {
		resp.ConnectionId = req.GetConnectionId()
	}
	nameGrantees(resp.GetPrivileges())
	return resp, nil
}

// UpdatePrivileges grants, revokes or replaces what a project may do with a
// connection (dli_02_0253).
func (s *Service) UpdatePrivileges(ctx context.Context, req *connsvcv1.UpdatePrivilegesRequest) (*connsvcv1.UpdatePrivilegesResponse, error) {
	about := apierror.Subject{Change: true, Project: req.GetProjectId()}
	if p := req.GetPrivileges(); len(p) > 0 {
		about.ConnectionID = strings.TrimPrefix(p[0].GetObject(), validation.ObjectPrefix)
	}
	resp := &connsvcv1.UpdatePrivilegesResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_UpdatePrivileges_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}

// ListPrivilegesByObject lists what other projects may do with a connection that
// is named as an object.
func (s *Service) ListPrivilegesByObject(ctx context.Context, req *connsvcv1.ListPrivilegesByObjectRequest) (*connsvcv1.ListPrivilegesByObjectResponse, error) {
	about := apierror.Subject{Project: req.GetProjectId(), ConnectionID: strings.TrimPrefix(req.GetObject(), validation.ObjectPrefix)}
	resp := &connsvcv1.ListPrivilegesByObjectResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_ListPrivilegesByObject_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	resp.Count = int32(len(resp.GetPrivileges()))
	if resp.GetObjectName() == "" {
		resp.ObjectName = req.GetObject()
	}
	nameGrantees(resp.GetPrivileges())
	return resp, nil
}

// nameGrantees names each grantee both ways: DLI's documents and SDKs read
// applicant_project_id, Terraform reads project_id.
func nameGrantees(privileges []*connsvcv1.Privilege) {
	for _, p := range privileges {
		if p.GetApplicantProjectId() == "" {
			p.ApplicantProjectId = p.GetProjectId()
		}
		if p.GetProjectId() == "" {
			p.ProjectId = p.GetApplicantProjectId()
		}
	}
}
