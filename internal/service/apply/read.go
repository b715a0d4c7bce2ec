package apply

import (
	"context"
	"slices"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// bindQueue is DLI's one privilege on connections.
const bindQueue = "BIND_QUEUE"

// found is what has the name of a target.
type found struct {
	ids     []string                      // more than one: the name is ambiguous
	conn    *connsvcv1.EnhancedConnection // nil unless there is exactly one
	changes *changes                      // of conn
}

// difference describes what was found.
func (f *found) difference(name string) *connsvcv1.ConnectionDifference {
	switch {
	case f.conn != nil:
		return f.changes.difference(name, f.conn.GetId())
	case len(f.ids) > 1:
		return &connsvcv1.ConnectionDifference{Name: name, Kind: connsvcv1.ConnectionDifference_AMBIGUOUS}
	default:
		return &connsvcv1.ConnectionDifference{Name: name, Kind: connsvcv1.ConnectionDifference_MISSING}
	}
}

// find reads the connection with the name, from one list. As lists lag, a difference counts
// only if a GET shows it too, and so does none right after a change.
func (t *target) find(ctx context.Context) (*found, error) {
	resp, err := t.rpcs.ListFrom(ctx, &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: t.project, Name: t.spec.GetName(), Status: connsvcv1.EnhancedConnection_ACTIVE,
	}, 0)
	if err != nil {
		return nil, err
	}
	f := &found{}
	for _, conn := range resp.GetConnections() {
		if t.is(conn) && !slices.Contains(f.ids, conn.GetId()) {
			f.ids = append(f.ids, conn.GetId())
			f.conn = conn
		}
	}
	if len(f.ids) == 1 {
		f.changes, err = t.inspect(ctx, f.conn)
		if err != nil && !gone(err) {
			return nil, err
		}
		if err == nil && f.changes.none() && !t.recent.has(t.project, f.ids...) {
			return f, nil
		}
	}
	return t.confirm(ctx, f.ids)
}

// is reports whether a connection is one that the caller may see, and has the name.
func (t *target) is(conn *connsvcv1.EnhancedConnection) bool {
	return conn.GetName() == t.spec.GetName() && conn.GetStatus() != connsvcv1.EnhancedConnection_DELETED && conn.GetId() != "" && t.caller.Sees(conn)
}

// confirm reads the connections that lists have shown by their IDs.
func (t *target) confirm(ctx context.Context, ids []string) (*found, error) {
	f := &found{}
	for _, id := range ids {
		conn, err := t.get(ctx, id)
		switch {
		case err != nil:
			return nil, err
		case conn != nil:
			f.ids, f.conn = append(f.ids, id), conn
		}
	}
	if len(f.ids) != 1 {
		f.conn = nil
		return f, nil
	}
	var err error
	f.changes, err = t.inspect(ctx, f.conn)
	return f, err
}

// get reads a connection; nil if it is not there, or the caller may not see it.
func (t *target) get(ctx context.Context, id string) (*connsvcv1.EnhancedConnection, error) {
	conn, err := t.rpcs.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: t.project, ConnectionId: id})
	switch {
	case gone(err):
		return nil, nil
	case err != nil:
		return nil, err
	case !t.is(conn):
		return nil, nil
	}
	return conn, nil
}

// gone reports whether a connection, which a list may still show, is not there.
func gone(err error) bool {
	return apierror.ReasonOf(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND
}

// inspect compares a connection with how it is wanted.
func (t *target) inspect(ctx context.Context, conn *connsvcv1.EnhancedConnection) (*changes, error) {
	var grantees []string
	if t.wants(grantsField, len(t.spec.GetGrantedProjectIds())) {
		var err error
		if grantees, err = t.granteesOf(ctx, conn); err != nil {
			return nil, err
		}
	}
	return t.compare(conn, grantees), nil
}

// granteesOf returns the projects that have BIND_QUEUE. It asks only if the connection does
// not say that there are none.
func (t *target) granteesOf(ctx context.Context, conn *connsvcv1.EnhancedConnection) ([]string, error) {
	switch {
	case conn.GetIsPrivis():
		return nil, nil
	case t.grantees != nil:
		return *t.grantees, nil
	}
	req := &connsvcv1.ListPrivilegesRequest{ProjectId: t.project, ConnectionId: conn.GetId()}
	if err := t.caller.Permit(ctx, req, conn); err != nil {
		return nil, err
	}
	resp, err := t.rpcs.ListPrivileges(ctx, req)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, p := range resp.GetPrivileges() {
		if slices.Contains(p.GetPrivileges(), bindQueue) && !slices.Contains(all, p.GetApplicantProjectId()) {
			all = append(all, p.GetApplicantProjectId())
		}
	}
	t.grantees = &all
	return all, nil
}
