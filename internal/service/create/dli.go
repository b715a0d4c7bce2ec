package create

import (
	"context"
	"slices"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// list returns the existing connections of exactly the name that have the tags, and
// adds them to seen.
func (n *creation) list(ctx context.Context, seen sightings, tags ...*connsvcv1.Tag) ([]*connsvcv1.EnhancedConnection, error) {
	req := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: n.req.GetProjectId(),
		Name:      n.req.GetName(),
		Status:    connsvcv1.EnhancedConnection_ACTIVE,
		Tags:      tags,
	}
	resp := &connsvcv1.ListEnhancedConnectionsResponse{}
	if err := n.dli.Call(ctx, connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, req, resp); err != nil {
		return nil, apierror.FromDLI(err, apierror.Subject{Operation: apierror.ListConnections, Project: n.req.GetProjectId()})
	}
	// DLI's filters are documented loosely, and a wrong ID would be worse than none.
	shown := slices.DeleteFunc(resp.GetConnections(), func(conn *connsvcv1.EnhancedConnection) bool {
		return conn.GetName() != req.GetName() || conn.GetStatus() == connsvcv1.EnhancedConnection_DELETED || conn.GetId() == ""
	})
	for _, conn := range shown {
		seen.add(conn)
	}
	return shown, nil
}

// get returns a connection by its ID.
func (n *creation) get(ctx context.Context, id string) (*connsvcv1.EnhancedConnection, error) {
	req := &connsvcv1.GetEnhancedConnectionRequest{ProjectId: n.req.GetProjectId(), ConnectionId: id}
	resp := &connsvcv1.EnhancedConnection{}
	if err := n.dli.Call(ctx, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName, req, resp); err != nil {
		return nil, apierror.FromDLI(err, apierror.Subject{Project: n.req.GetProjectId(), ConnectionID: id})
	}
	if resp.GetId() != id || resp.GetStatus() == connsvcv1.EnhancedConnection_DELETED {
		return nil, apierror.ConnectionNotFound(id)
	}
	return resp, nil
}

// remove deletes a connection. One that does not exist is deleted.
func (n *creation) remove(ctx context.Context, id string) error {
	req := &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: n.req.GetProjectId(), ConnectionId: id}
	err := n.dli.Call(ctx, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, req, &connsvcv1.DeleteEnhancedConnectionResponse{})
	if err == nil {
		return nil
	}
	mapped := apierror.FromDLI(err, apierror.Subject{Operation: apierror.DeleteConnection, Change: true, Project: n.req.GetProjectId(), ConnectionID: id})
	if reasonOf(mapped) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
		return nil
	}
	return mapped
}
