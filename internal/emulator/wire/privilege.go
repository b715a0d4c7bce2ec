package wire

import (
	"slices"
	"strings"
)

// The words of DLI's authorization call for connections.
const (
	ObjectType = "edsconnections"
	// BindQueue is the only privilege on a connection.
	BindQueue = "BIND_QUEUE"

	ActionGrant  = "grant"
	ActionRevoke = "revoke"
	ActionUpdate = "update"
)

// Check checks the values: objects other than connections, and users as grantees,
// are rejected.
func (r *AuthorizationRequest) Check() error {
	if !Word(r.ProjectID, 64, "") {
		return Errorf(CodeParameter, "projectId: 1 to 64 letters and digits are allowed.")
	}
	if !slices.Contains([]string{ActionGrant, ActionRevoke, ActionUpdate}, r.Action) {
		return Errorf(CodeParameter, "action: grant, revoke and update are allowed.")
	}
	if len(r.Privileges) == 0 {
		return Errorf(CodeParameter, "privileges: the parameter is mandatory.")
	}
	for i, entry := range r.Privileges {
		if _, err := ConnectionOf(entry.Object); err != nil {
			return err
		}
		if len(entry.Privileges) == 0 && r.Action != ActionUpdate {
			return Errorf(CodeParameter, "privileges[%d].privileges: the parameter is mandatory.", i)
		}
		for _, privilege := range entry.Privileges {
			if privilege != BindQueue {
				return Errorf(CodeParameter, "privileges[%d].privileges: %s is allowed.", i, BindQueue)
			}
		}
	}
	return nil
}

// ConnectionOf returns the connection that an object of privileges names.
func ConnectionOf(object string) (string, error) {
	id, ok := strings.CutPrefix(object, ObjectType+".")
	if !ok || id == "" {
		return "", Errorf(CodeParameter, "object: %s and a connection ID are required.", ObjectType+".")
	}
	return id, nil
}
