package service

import (
	"context"

	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// CreateEnhancedConnection creates a connection (dli_02_0187). Where the name is
// taken, the error says by which connection, and whether that one is as asked for.
func (s *Service) CreateEnhancedConnection(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	about := subject{
		operation: createConnection,
		project:   req.GetProjectId(),
		name:      req.GetName(),
		queues:    req.GetQueues(),
		pools:     req.GetElasticResourcePools(),
	}
	resp := &connsvcv1.CreateEnhancedConnectionResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, about, req, resp); err != nil {
		return nil, s.withExisting(ctx, req, err)
	}
	if resp.GetConnectionId() == "" {
		return nil, NewError(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", errNoConnectionID)
	}
	resp.IsSuccess = true
	return resp, nil
}

// GetEnhancedConnection returns a connection (dli_02_0189). DLI goes on returning
// deleted ones for a while; to a caller they are gone.
func (s *Service) GetEnhancedConnection(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	about := subject{project: req.GetProjectId(), connectionID: req.GetConnectionId()}
	resp := &connsvcv1.EnhancedConnection{}
	if err := s.call(ctx, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	if resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED {
		return nil, missingConnection(req.GetConnectionId())
	}
	return resp, nil
}

// ListEnhancedConnections lists the connections of a project (dli_02_0190), in
// the order that DLI gives. In the BASIC view they have no hosts.
func (s *Service) ListEnhancedConnections(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	about := subject{project: req.GetProjectId()}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, about, withoutView(req), resp); err != nil {
		return nil, err
	}
	if req.GetView() == connsvcv1.EnhancedConnectionView_BASIC {
		for _, c := range resp.GetConnections() {
			c.Hosts = nil
		}
	}
	resp.IsSuccess = true
	resp.Count = int32(len(resp.GetConnections()))
	return resp, nil
}

// DeleteEnhancedConnection deletes a connection (dli_02_0188).
func (s *Service) DeleteEnhancedConnection(ctx context.Context, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	about := subject{operation: deleteConnection, project: req.GetProjectId(), connectionID: req.GetConnectionId()}
	resp := &connsvcv1.DeleteEnhancedConnectionResponse{}
	if err := s.call(ctx, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, about, req, resp); err != nil {
		return nil, err
	}
	resp.IsSuccess = true
	return resp, nil
}

// withoutView returns the request as DLI knows it. The copy is shallow, and takes
// along whatever fields the request gets later.
func withoutView(req *connsvcv1.ListEnhancedConnectionsRequest) *connsvcv1.ListEnhancedConnectionsRequest {
	if req.GetView() == connsvcv1.EnhancedConnectionView_ENHANCED_CONNECTION_VIEW_UNSPECIFIED {
		return req
	}
	c := &connsvcv1.ListEnhancedConnectionsRequest{}
	to := c.ProtoReflect()
	req.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		to.Set(f, v)
		return true
	})
	c.View = connsvcv1.EnhancedConnectionView_ENHANCED_CONNECTION_VIEW_UNSPECIFIED
	return c
}
