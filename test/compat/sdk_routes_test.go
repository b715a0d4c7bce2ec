package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

// The SDK's models have no routes, so the test reads them without the SDK.
func TestSDKRoutes(t *testing.T) {
	project := newProject()
	client := newSDK(t, project)
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "routes"})
	raw := newTerraform(t, project)
	wantRoutes := func(want map[string]string) {
		t.Helper()
		if diff := cmp.Diff(want, raw.routes(id)); diff != "" {
			t.Errorf("routes (-want +got):\n%s", diff)
		}
	}

	sdkCreateRoute(t, client, id, "route", "127.0.0.0") // the document's own example: a bare address
	sdkCreateRoute(t, client, id, "net-1_A", "10.169.0.0/24")
	sdkCreateRoute(t, client, id, "v6", "2407:c080:802:be7::/64")
	old, err := client.CreateEnhancedConnectionRoutes(&model.CreateEnhancedConnectionRoutesRequest{
		ConnectionId: id, Body: &model.CreateEnhancedConnectionRoutesRequestBody{Name: "old", Cidr: "10.170.0.0/24"},
	})
	if err != nil {
		t.Fatalf("CreateEnhancedConnectionRoutes: %v", err)
	}
	if diff := cmp.Diff(&model.CreateEnhancedConnectionRoutesResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200,
	}, old); diff != "" {
		t.Errorf("CreateEnhancedConnectionRoutes (-want +got):\n%s", diff)
	}
	wantRoutes(map[string]string{
		"route": "127.0.0.0", "net-1_A": "10.169.0.0/24", "v6": "2407:c080:802:be7::/64", "old": "10.170.0.0/24",
	})

	deleted, err := client.DeleteRouteFromEnhancedConnection(&model.DeleteRouteFromEnhancedConnectionRequest{
		ConnectionId: id, Name: "old",
	})
	if err != nil {
		t.Fatalf("DeleteRouteFromEnhancedConnection: %v", err)
	}
	if diff := cmp.Diff(&model.DeleteRouteFromEnhancedConnectionResponse{
		IsSuccess: new(true), Message: new("Deleted"), HttpStatusCode: 200,
	}, deleted); diff != "" {
		t.Errorf("DeleteRouteFromEnhancedConnection (-want +got):\n%s", diff)
	}
	deletedOld, err := client.DeleteEnhancedConnectionRoutes(&model.DeleteEnhancedConnectionRoutesRequest{
		ConnectionId: id, Name: "net-1_A",
	})
	if err != nil {
		t.Fatalf("DeleteEnhancedConnectionRoutes: %v", err)
	}
	if diff := cmp.Diff(&model.DeleteEnhancedConnectionRoutesResponse{
		IsSuccess: new(true), Message: new("Deleted"), HttpStatusCode: 200,
	}, deletedOld); diff != "" {
		t.Errorf("DeleteEnhancedConnectionRoutes (-want +got):\n%s", diff)
	}
	wantRoutes(map[string]string{"route": "127.0.0.0", "v6": "2407:c080:802:be7::/64"})
}

func sdkCreateRoute(t *testing.T, client *dli.DliClient, id, name, cidr string) {
	t.Helper()
	got, err := client.CreateRouteToEnhancedConnection(&model.CreateRouteToEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.CreateRouteToEnhancedConnectionRequestBody{Name: name, Cidr: cidr},
	})
	if err != nil {
		t.Fatalf("CreateRouteToEnhancedConnection: %v", err)
	}
	want := &model.CreateRouteToEnhancedConnectionResponse{IsSuccess: new(true), Message: new(""), HttpStatusCode: 200}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("CreateRouteToEnhancedConnection (-want +got):\n%s", diff)
	}
}

func TestSDKRouteRefused(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "routes"})
	sdkCreateRoute(t, client, id, "taken", "10.169.0.0/24")
	create := func(name, cidr string) error {
		_, err := client.CreateRouteToEnhancedConnection(&model.CreateRouteToEnhancedConnectionRequest{
			ConnectionId: id, Body: &model.CreateRouteToEnhancedConnectionRequestBody{Name: name, Cidr: cidr},
		})
		return err
	}
	wantError(t, create("taken", "10.171.0.0/24"), 400, "DLI.0006", "exists")
	wantError(t, create("bad name", "10.171.0.0/24"), 400, "DLI.0001", "name")
	wantError(t, create("inside", "100.125.3.0/24"), 400, "DLI.0001", "100.64.0.0/10")
	wantError(t, create("no_cidr", "10.0.0.0/33"), 400, "DLI.0001", "cidr")

	_, err := client.DeleteRouteFromEnhancedConnection(&model.DeleteRouteFromEnhancedConnectionRequest{
		ConnectionId: id, Name: "never_made",
	})
	wantError(t, err, 404, "DLI.0002", "")
}
