package emulator

import (
	"maps"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	objectType = "edsconnections"
	// bindQueue is the one privilege there is on a connection.
	bindQueue = "BIND_QUEUE"

	actionGrant  = "grant"
	actionRevoke = "revoke"
	actionUpdate = "update"
)

// listPrivileges is dli_02_0256.
func (e *Emulator) listPrivileges(c call) (proto.Message, error) {
	if err := c.decodeQuery(&connsvcv1.ListPrivilegesRequest{}); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "SHOW_PRIVILEGES")
	if err != nil {
		return nil, err
	}
	return &connsvcv1.ListPrivilegesResponse{IsSuccess: true, ConnectionId: conn.id, Privileges: conn.privileges()}, nil
}

// listPrivilegesByObject is DLI's general form of listPrivileges.
func (e *Emulator) listPrivilegesByObject(c call) (proto.Message, error) {
	req := &connsvcv1.ListPrivilegesByObjectRequest{}
	if err := c.decodeQuery(req, e.objectField...); err != nil {
		return nil, err
	}
	id, err := connectionOf(req.GetObject())
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
	return &connsvcv1.ListPrivilegesByObjectResponse{
		IsSuccess: true, ObjectName: req.GetObject(), ObjectType: objectType,
		Count: count(privileges), Privileges: privileges,
	}, nil
}

// updatePrivileges is DLI's authorization call, here for connections and projects
// alone: other objects, and users as grantees, are refused. All entries take
// effect, or none. To grant twice, or to revoke what was not granted, is a success
// that changes nothing. A revoked project's queues stay bound.
func (e *Emulator) updatePrivileges(c call) (proto.Message, error) {
	req := &connsvcv1.UpdatePrivilegesRequest{}
	if err := c.decodeBody(req, projectIDField); err != nil {
		return nil, err
	}
	if err := checkAuthorization(req); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conns := make([]*connection, len(req.GetPrivileges()))
	for i, entry := range req.GetPrivileges() {
		id, err := connectionOf(entry.GetObject())
		if err != nil {
			return nil, err
		}
		if conns[i], err = e.findOwn(c.project, id, "GRANT_PRIVILEGE"); err != nil {
			return nil, err
		}
	}
	for i, entry := range req.GetPrivileges() {
		conns[i].authorize(req.GetAction(), req.GetGranteeProjectId(), len(entry.GetPrivileges()) > 0)
	}
	return &connsvcv1.UpdatePrivilegesResponse{IsSuccess: true}, nil
}

func checkAuthorization(r *connsvcv1.UpdatePrivilegesRequest) error {
	if !word(r.GetGranteeProjectId(), 64, "") {
		return refuse(codeParameter, "projectId: 1 to 64 letters and digits are allowed.")
	}
	if !slices.Contains([]string{actionGrant, actionRevoke, actionUpdate}, r.GetAction()) {
		return refuse(codeParameter, "action: grant, revoke and update are allowed.")
	}
	if len(r.GetPrivileges()) == 0 {
		return refuse(codeParameter, "privileges: the parameter is mandatory.")
	}
	for i, entry := range r.GetPrivileges() {
		if len(entry.GetPrivileges()) == 0 && r.GetAction() != actionUpdate {
			return refuse(codeParameter, "privileges[%d].privileges: the parameter is mandatory.", i)
		}
		for _, privilege := range entry.GetPrivileges() {
			if privilege != bindQueue {
				return refuse(codeParameter, "privileges[%d].privileges: %s is allowed.", i, bindQueue)
			}
		}
	}
	return nil
}

// authorize does action for a project; update replaces what it has by privileged.
func (c *connection) authorize(action, project string, privileged bool) {
	if action == actionRevoke || !privileged {
		delete(c.grantees, project)
		return
	}
	if c.grantees == nil {
		c.grantees = map[string]bool{}
	}
	c.grantees[project] = true
}

// privileges returns one entry for each grantee, in the order of their IDs, with
// both names of the project: DLI's documents have one, its service was seen to
// send the other.
func (c *connection) privileges() []*connsvcv1.Privilege {
	var all []*connsvcv1.Privilege
	for _, project := range slices.Sorted(maps.Keys(c.grantees)) {
		all = append(all, &connsvcv1.Privilege{
			Object: objectType + "." + c.id, ApplicantProjectId: project, ProjectId: project, Privileges: []string{bindQueue},
		})
	}
	return all
}

func connectionOf(object string) (string, error) {
	id, ok := strings.CutPrefix(object, objectType+".")
	if !ok || id == "" {
		return "", refuse(codeParameter, "object: %s and a connection ID are required.", objectType+".")
	}
	return id, nil
}
