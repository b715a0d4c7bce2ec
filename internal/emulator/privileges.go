package emulator

import (
	"maps"
	"slices"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// listPrivileges is dli_02_0256.
func (e *Emulator) listPrivileges(c call) (any, error) {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "SHOW_PRIVILEGES")
	if err != nil {
		return nil, err
	}
	return wire.PrivilegesResponse{Result: wire.Success(""), ConnectionID: conn.id, Privileges: conn.privileges()}, nil
}

// listPrivilegesByObject is DLI's general form of listPrivileges.
func (e *Emulator) listPrivilegesByObject(c call) (any, error) {
	object, err := wire.ReadObject(c.query)
	if err != nil {
		return nil, err
	}
	id, err := wire.ConnectionOf(object)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, id, "SHOW_PRIVILEGES")
	if err != nil {
		return nil, err
	}
	privileges := conn.privileges()
	return wire.ObjectPrivilegesResponse{
		Result: wire.Success(""), ObjectName: object, ObjectType: wire.ObjectType,
		Count: len(privileges), Privileges: privileges,
	}, nil
}

// updatePrivileges is DLI's authorization call. All entries take effect, or none.
// Granting twice, or revoking what was not granted, succeeds and changes nothing. The
// queues of a revoked project stay bound.
func (e *Emulator) updatePrivileges(c call) (any, error) {
	req := &wire.AuthorizationRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conns := make([]*connection, len(req.Privileges))
	for i, entry := range req.Privileges {
		id, err := wire.ConnectionOf(entry.Object)
		if err != nil {
			return nil, err
		}
		if conns[i], err = e.findOwn(c.project, id, "GRANT_PRIVILEGE"); err != nil {
			return nil, err
		}
	}
	for i, entry := range req.Privileges {
		e.beforeChange(conns[i], c.now)
		conns[i].authorize(req.Action, req.ProjectID, len(entry.Privileges) > 0)
	}
	return wire.Success(""), nil
}

// authorize applies an action for a project; update replaces its privileges.
func (c *connection) authorize(action, project string, privileged bool) {
	if action == wire.ActionRevoke || !privileged {
		delete(c.grantees, project)
		return
	}
	if c.grantees == nil {
		c.grantees = map[string]bool{}
	}
	c.grantees[project] = true
}

// privileges returns one entry for each grantee, in the order of their IDs.
func (c *connection) privileges() []wire.Privilege {
	all := []wire.Privilege{}
	for _, project := range slices.Sorted(maps.Keys(c.grantees)) {
		all = append(all, wire.Privilege{
			Object: wire.ObjectType + "." + c.id, ApplicantProjectID: project, ProjectID: project, Privileges: []string{wire.BindQueue},
		})
	}
	return all
}
