package create

import (
	"context"
	"slices"
	"strings"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// list returns the existing connections of the name that have the tags, and adds them to
// seen. DLI may have rejected the name for one in another case, which lists without tags
// then show.
func (n *creation) list(ctx context.Context, tags ...*connsvcv1.Tag) ([]*connsvcv1.EnhancedConnection, error) {
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
		sameName := conn.GetName() == req.GetName() || len(tags) == 0 && strings.EqualFold(conn.GetName(), req.GetName())
		return !sameName || conn.GetStatus() == connsvcv1.EnhancedConnection_DELETED || conn.GetId() == "" || n.gone[conn.GetId()]
	})
	exact := 0
	for _, conn := range shown {
		n.seen.add(conn, len(tags) > 0)
		if conn.GetName() == req.GetName() {
			exact++
		}
	}
	if exact > 1 {
		n.dli.RecordUniqueNames(false)
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

// exists returns a connection that was shown, as a GET shows it; nil if it was deleted, or
// if whether it exists is not known. Lists may show what was deleted, and a GET may not yet
// show what is new.
func (n *creation) exists(ctx context.Context, id string) (conn *connsvcv1.EnhancedConnection, known bool) {
	s := n.seen[id]
	if s.got != nil {
		return s.got, true
	}
	asked := time.Now()
	conn, err := n.get(ctx, id)
	switch {
	case err == nil:
		s.got = conn
		n.seen[id] = s
		return conn, true
	case apierror.ReasonOf(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND && n.mustShow(id, asked):
		delete(n.seen, id)
		n.gone[id] = true
		return nil, true
	default:
		return nil, false
	}
}

// remove deletes a connection. One that does not exist is deleted.
func (n *creation) remove(ctx context.Context, id string) error {
	req := &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: n.req.GetProjectId(), ConnectionId: id}
	err := n.dli.Call(ctx, connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName, req, &connsvcv1.DeleteEnhancedConnectionResponse{})
	if err == nil {
		return nil
	}
	mapped := apierror.FromDLI(err, apierror.Subject{Operation: apierror.DeleteConnection, Change: true, Project: n.req.GetProjectId(), ConnectionID: id})
	if apierror.ReasonOf(mapped) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
		return nil
	}
	return mapped
}
