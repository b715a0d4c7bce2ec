package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

// grantee is the project that connections are shared with.
const grantee = "330e068af1334c9782f4226acc00a2e2"

func TestSDKPrivileges(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "shared"})
	actions := model.GetRunAuthorizationActionRequestBodyActionEnum()
	bind := []string{"BIND_QUEUE"}
	steps := []struct {
		name       string
		action     model.RunAuthorizationActionRequestBodyAction
		privileges []string
		granted    bool // afterwards
	}{
		{"grant", actions.GRANT, bind, true},
		{"revoke", actions.REVOKE, bind, false},
		{"update to one", actions.UPDATE, bind, true},
		{"update to none", actions.UPDATE, []string{}, false},
	}
	wantPrivileges(t, client, id, false)
	for _, step := range steps {
		got, err := client.RunAuthorizationAction(&model.RunAuthorizationActionRequest{
			Body: &model.RunAuthorizationActionRequestBody{
				ProjectId: new(grantee), Action: step.action,
				Privileges: []model.Privilege{{Object: "edsconnections." + id, Privileges: step.privileges}},
			},
		})
		if err != nil {
			t.Fatalf("RunAuthorizationAction, %s: %v", step.name, err)
		}
		if got.HttpStatusCode != 200 || !value(got.IsSuccess) || got.Message == nil {
			t.Errorf("RunAuthorizationAction, %s: %v, want 200, is_success and a message", step.name, got)
		}
		wantPrivileges(t, client, id, step.granted)
	}
}

// wantPrivileges checks all three places that show whether a connection is shared.
func wantPrivileges(t *testing.T, client *dli.DliClient, id string, granted bool) {
	t.Helper()
	object := "edsconnections." + id
	shown, err := client.ShowEnhancedConnectionPrivilege(&model.ShowEnhancedConnectionPrivilegeRequest{ConnectionId: id})
	if err != nil {
		t.Fatalf("ShowEnhancedConnectionPrivilege: %v", err)
	}
	wantShown := &model.ShowEnhancedConnectionPrivilegeResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200, ConnectionId: &id,
		Privileges: &[]model.EnhancedConnectionPrivilege{},
	}
	if granted {
		wantShown.Privileges = &[]model.EnhancedConnectionPrivilege{{
			Object: &object, ApplicantProjectId: new(grantee), Privileges: &[]string{"BIND_QUEUE"},
		}}
	}
	if diff := cmp.Diff(wantShown, shown); diff != "" {
		t.Errorf("ShowEnhancedConnectionPrivilege (-want +got):\n%s", diff)
	}

	listed, err := client.ListAuthorizationPrivileges(&model.ListAuthorizationPrivilegesRequest{Object: object})
	if err != nil {
		t.Fatalf("ListAuthorizationPrivileges: %v", err)
	}
	wantListed := &model.ListAuthorizationPrivilegesResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200, Count: new(int32(0)),
		ObjectName: &object, ObjectType: listed.ObjectType, Privileges: &[]model.AuthorizationPrivilege{},
	}
	if granted {
		wantListed.Count = new(int32(1))
		wantListed.Privileges = &[]model.AuthorizationPrivilege{{Object: &object, Privileges: &[]string{"BIND_QUEUE"}}}
	}
	if diff := cmp.Diff(wantListed, listed); diff != "" || value(listed.ObjectType) == "" {
		t.Errorf("ListAuthorizationPrivileges: object_type %q (-want +got):\n%s", value(listed.ObjectType), diff)
	}

	// isPrivis is inverted: true while the connection is not shared.
	all, err := client.ListEnhancedConnections(&model.ListEnhancedConnectionsRequest{Name: new("shared")})
	if err != nil || len(value(all.Connections)) != 1 {
		t.Fatalf("ListEnhancedConnections: %v, %v", all, err)
	}
	if diff := cmp.Diff(new(!granted), (*all.Connections)[0].IsPrivis); diff != "" {
		t.Errorf("isPrivis (-want +got):\n%s", diff)
	}
}

func TestSDKPrivilegesRefused(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "shared"})
	run := func(body model.RunAuthorizationActionRequestBody) error {
		body.Action = model.GetRunAuthorizationActionRequestBodyActionEnum().GRANT
		_, err := client.RunAuthorizationAction(&model.RunAuthorizationActionRequest{Body: &body})
		return err
	}
	bind := []string{"BIND_QUEUE"}
	connection := []model.Privilege{{Object: "edsconnections." + id, Privileges: bind}}
	// DLI's operation also has other resources and users; connsvc's has not.
	wantError(t, run(model.RunAuthorizationActionRequestBody{
		ProjectId: new(grantee), Privileges: []model.Privilege{{Object: "queues.q1", Privileges: bind}},
	}), 400, "DLI.0001", "object")
	wantError(t, run(model.RunAuthorizationActionRequestBody{UserName: new("somebody"), Privileges: connection}),
		400, "DLI.0001", "user_name")
	wantError(t, run(model.RunAuthorizationActionRequestBody{
		ProjectId: new(grantee), Privileges: []model.Privilege{{Object: "edsconnections." + id, Privileges: []string{"DROP"}}},
	}), 400, "DLI.0001", "privileges")
	wantPrivileges(t, client, id, false)
}
