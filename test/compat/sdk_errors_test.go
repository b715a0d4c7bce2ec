package compat_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/sdkerr"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

// wantError checks that err is what the SDK makes of an error of DLI, with text in its
// message.
func wantError(t *testing.T, err error, status int, code, text string) {
	t.Helper()
	got, ok := errors.AsType[*sdkerr.ServiceResponseError](err)
	if !ok {
		t.Errorf("error is %T (%v), want *sdkerr.ServiceResponseError", err, err)
		return
	}
	if got.StatusCode != status || got.ErrorCode != code {
		t.Errorf("error is %d %s, want %d %s: %s", got.StatusCode, got.ErrorCode, status, code, got.ErrorMessage)
	}
	// If the SDK finds no message, it uses the whole body.
	if got.ErrorMessage == "" || strings.HasPrefix(got.ErrorMessage, "{") || !strings.Contains(got.ErrorMessage, text) {
		t.Errorf("error message is %q, want a sentence with %q", got.ErrorMessage, text)
	}
	if got.RequestId == "" {
		t.Errorf("error has no request ID: %v", got)
	}
}

// wantMissing checks that a call fails because the connection does not exist.
func wantMissing(t *testing.T, id string, call func() error) {
	t.Helper()
	err := call()
	wantError(t, err, 404, "DLI.0001", "")
	if got, ok := errors.AsType[*sdkerr.ServiceResponseError](err); ok && got.ErrorMessage != "Connection "+id+" does not exist." {
		t.Errorf("error message is %q, want %q", got.ErrorMessage, "Connection "+id+" does not exist.")
	}
}

// Every operation on one connection, by the SDK's name.
func connectionCalls(client *dli.DliClient, id string) map[string]func() error {
	queues := &[]string{"q1"}
	privilege := []model.Privilege{{Object: "edsconnections." + id, Privileges: []string{"BIND_QUEUE"}}}
	return map[string]func() error{
		"ShowEnhancedConnection": func() error {
			_, err := client.ShowEnhancedConnection(&model.ShowEnhancedConnectionRequest{ConnectionId: id})
			return err
		},
		"DeleteEnhancedConnection": func() error {
			_, err := client.DeleteEnhancedConnection(&model.DeleteEnhancedConnectionRequest{ConnectionId: id})
			return err
		},
		"UpdateEnhancedConnection": func() error {
			_, err := client.UpdateEnhancedConnection(&model.UpdateEnhancedConnectionRequest{
				ConnectionId: id, Body: &model.UpdateEnhancedConnectionRequestBody{},
			})
			return err
		},
		"AssociateQueueToEnhancedConnection": func() error {
			_, err := client.AssociateQueueToEnhancedConnection(&model.AssociateQueueToEnhancedConnectionRequest{
				ConnectionId: id, Body: &model.AssociateQueueToEnhancedConnectionRequestBody{Queues: queues},
			})
			return err
		},
		"DisassociateQueueFromEnhancedConnection": func() error {
			_, err := client.DisassociateQueueFromEnhancedConnection(&model.DisassociateQueueFromEnhancedConnectionRequest{
				ConnectionId: id, Body: &model.DisassociateQueueFromEnhancedConnectionRequestBody{Queues: queues},
			})
			return err
		},
		"CreateRouteToEnhancedConnection": func() error {
			_, err := client.CreateRouteToEnhancedConnection(&model.CreateRouteToEnhancedConnectionRequest{
				ConnectionId: id, Body: &model.CreateRouteToEnhancedConnectionRequestBody{Name: "r", Cidr: "10.0.0.0/24"},
			})
			return err
		},
		"CreateEnhancedConnectionRoutes": func() error {
			_, err := client.CreateEnhancedConnectionRoutes(&model.CreateEnhancedConnectionRoutesRequest{
				ConnectionId: id, Body: &model.CreateEnhancedConnectionRoutesRequestBody{Name: "r", Cidr: "10.0.0.0/24"},
			})
			return err
		},
		"DeleteRouteFromEnhancedConnection": func() error {
			_, err := client.DeleteRouteFromEnhancedConnection(&model.DeleteRouteFromEnhancedConnectionRequest{
				ConnectionId: id, Name: "r",
			})
			return err
		},
		"DeleteEnhancedConnectionRoutes": func() error {
			_, err := client.DeleteEnhancedConnectionRoutes(&model.DeleteEnhancedConnectionRoutesRequest{
				ConnectionId: id, Name: "r",
			})
			return err
		},
		"ShowEnhancedConnectionPrivilege": func() error {
			_, err := client.ShowEnhancedConnectionPrivilege(&model.ShowEnhancedConnectionPrivilegeRequest{ConnectionId: id})
			return err
		},
		"RunAuthorizationAction": func() error {
			_, err := client.RunAuthorizationAction(&model.RunAuthorizationActionRequest{
				Body: &model.RunAuthorizationActionRequestBody{
					ProjectId: new(grantee), Privileges: privilege,
					Action: model.GetRunAuthorizationActionRequestBodyActionEnum().GRANT,
				},
			})
			return err
		},
		"ListAuthorizationPrivileges": func() error {
			_, err := client.ListAuthorizationPrivileges(&model.ListAuthorizationPrivilegesRequest{Object: privilege[0].Object})
			return err
		},
	}
}

func TestSDKMissingConnection(t *testing.T) {
	client := newSDK(t, newProject())
	deleted := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "deleted"})
	if _, err := client.DeleteEnhancedConnection(&model.DeleteEnhancedConnectionRequest{ConnectionId: deleted}); err != nil {
		t.Fatalf("DeleteEnhancedConnection: %v", err)
	}
	ids := map[string]string{"deleted": deleted, "never made": "503fc86a-5e60-4349-92c2-7e399404fa8a"}
	for state, id := range ids {
		for operation, call := range connectionCalls(client, id) {
			t.Run(state+"/"+operation, func(t *testing.T) { wantMissing(t, id, call) })
		}
	}
}

func TestSDKCreateRefused(t *testing.T) {
	client := newSDK(t, newProject())
	sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "taken", Queues: &[]string{"q1"}})
	base := model.CreateEnhancedConnectionRequestBody{Name: "refused", DestVpcId: vpcID, DestNetworkId: subnetID}
	tests := []struct {
		name   string
		change func(*model.CreateEnhancedConnectionRequestBody)
		status int
		code   string
		text   string
	}{
		{"name taken", func(b *model.CreateEnhancedConnectionRequestBody) { b.Name = "taken" }, 400, "DLI.0006", "exists"},
		{"no name", func(b *model.CreateEnhancedConnectionRequestBody) { b.Name = "" }, 400, "DLI.0001", "name"},
		{"name with a hyphen", func(b *model.CreateEnhancedConnectionRequestBody) { b.Name = "a-b" }, 400, "DLI.0001", "name"},
		{"vpc no UUID", func(b *model.CreateEnhancedConnectionRequestBody) { b.DestVpcId = "vpc" }, 400, "DLI.0001", "dest_vpc_id"},
		{"default queue", func(b *model.CreateEnhancedConnectionRequestBody) { b.Queues = &[]string{"default"} }, 400, "DLI.0001", "default"},
		{"IPv6 host", func(b *model.CreateEnhancedConnectionRequestBody) {
			b.Hosts = &[]model.EnhancedConnectionHost{{Name: new("ecs"), Ip: new("::1")}}
		}, 400, "DLI.0001", "hosts[0].ip"},
		{"reserved tag", func(b *model.CreateEnhancedConnectionRequestBody) {
			b.Tags = &[]model.Tag{{Key: "_sys_a", Value: "b"}}
		}, 400, "DLI.0001", "_sys_"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			body := base
			test.change(&body)
			_, err := client.CreateEnhancedConnection(&model.CreateEnhancedConnectionRequest{Body: &body})
			wantError(t, err, test.status, test.code, test.text)
		})
	}
	if got := sdkNames(t, client, model.ListEnhancedConnectionsRequest{Name: new("refused")}); len(got) != 0 {
		t.Errorf("a refused request made a connection: %v", got)
	}
}
