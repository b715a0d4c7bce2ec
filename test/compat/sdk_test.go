package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/region"
)

// The network of every connection.
const (
	vpcID    = "22094d8f-c310-4621-913d-4c4d655d8495"
	subnetID = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
	tableID  = "7f5b3c5e-2f0a-4f3e-8a3c-1f8a2f1c9d10"
)

// newSDK returns the SDK's DLI client for a project, as its README builds it,
// with credentials that connsvc does not know.
func newSDK(t *testing.T, project string) *dli.DliClient {
	t.Helper()
	credentials, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId(project).SafeBuild()
	if err != nil {
		t.Fatalf("credentials of the SDK: %v", err)
	}
	client, err := dli.DliClientBuilder().WithEndpoint(restURL).WithCredential(credentials).SafeBuild()
	if err != nil {
		t.Fatalf("client of the SDK: %v", err)
	}
	return dli.NewDliClient(client)
}

// sdkCreate creates a connection and returns its ID.
func sdkCreate(t *testing.T, client *dli.DliClient, body model.CreateEnhancedConnectionRequestBody) string {
	t.Helper()
	if body.DestVpcId == "" {
		body.DestVpcId, body.DestNetworkId = vpcID, subnetID
	}
	got, err := client.CreateEnhancedConnection(&model.CreateEnhancedConnectionRequest{Body: &body})
	if err != nil {
		t.Fatalf("CreateEnhancedConnection: %v", err)
	}
	if got.HttpStatusCode != 201 || !value(got.IsSuccess) || got.Message == nil {
		t.Errorf("CreateEnhancedConnection returned %v, want 201, is_success and a message", got)
	}
	if !isUUID(value(got.ConnectionId)) {
		t.Fatalf("CreateEnhancedConnection: connection_id %q is no UUID", value(got.ConnectionId))
	}
	return value(got.ConnectionId)
}

func sdkShow(t *testing.T, client *dli.DliClient, id string) *model.ShowEnhancedConnectionResponse {
	t.Helper()
	got, err := client.ShowEnhancedConnection(&model.ShowEnhancedConnectionRequest{ConnectionId: id})
	if err != nil {
		t.Fatalf("ShowEnhancedConnection: %v", err)
	}
	return got
}

func TestSDKCreateAndShow(t *testing.T) {
	client := newSDK(t, newProject())
	hosts := []model.EnhancedConnectionHost{
		{Name: new("ecs-97f8-0001"), Ip: new("192.168.0.1")},
		{Name: new("ecs-97f8-0002"), Ip: new("192.168.0.2")},
	}
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{
		Name: "all_fields", DestVpcId: vpcID, DestNetworkId: subnetID, RoutetableId: new(tableID),
		Queues: &[]string{"q1", "q2"}, ElasticResourcePools: &[]string{"pool1"}, Hosts: &hosts,
		Tags: &[]model.Tag{{Key: "stage", Value: "test"}, {Key: "owner", Value: "data team"}},
	})
	got := sdkShow(t, client, id)
	want := &model.ShowEnhancedConnectionResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200,
		Id: &id, Name: new("all_fields"), Status: new("ACTIVE"),
		DestVpcId: new(vpcID), DestNetworkId: new(subnetID),
		AvailableQueueInfo:   &[]model.EnhancedConnectionResource{peering("q1"), peering("q2")},
		ElasticResourcePools: &[]model.EnhancedConnectionResource{peering("pool1")},
		CreateTime:           new(someMillis), Hosts: &hosts, Ipv6Enable: new(false),
	}
	if diff := cmp.Diff(want, got, generated()); diff != "" {
		t.Errorf("ShowEnhancedConnection (-want +got):\n%s", diff)
	}
}

// A connection with required fields only: the others are empty, never absent.
func TestSDKCreateBare(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "bare"})
	got := sdkShow(t, client, id)
	want := &model.ShowEnhancedConnectionResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200,
		Id: &id, Name: new("bare"), Status: new("ACTIVE"),
		DestVpcId: new(vpcID), DestNetworkId: new(subnetID),
		AvailableQueueInfo:   &[]model.EnhancedConnectionResource{},
		ElasticResourcePools: &[]model.EnhancedConnectionResource{},
		CreateTime:           new(someMillis), Hosts: &[]model.EnhancedConnectionHost{}, Ipv6Enable: new(false),
	}
	if diff := cmp.Diff(want, got, generated()); diff != "" {
		t.Errorf("ShowEnhancedConnection (-want +got):\n%s", diff)
	}
}

func TestSDKDelete(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "doomed", Queues: &[]string{"q1"}})
	got, err := client.DeleteEnhancedConnection(&model.DeleteEnhancedConnectionRequest{ConnectionId: id})
	if err != nil {
		t.Fatalf("DeleteEnhancedConnection: %v", err)
	}
	want := &model.DeleteEnhancedConnectionResponse{IsSuccess: new(true), Message: new("Deleted"), HttpStatusCode: 200}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DeleteEnhancedConnection (-want +got):\n%s", diff)
	}
	wantMissing(t, id, func() error {
		_, err := client.ShowEnhancedConnection(&model.ShowEnhancedConnectionRequest{ConnectionId: id})
		return err
	})
}

// Temporary credentials add a header that connsvc ignores.
func TestSDKTemporaryCredentials(t *testing.T) {
	credentials, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithSecurityToken("STOKEN").
		WithProjectId(newProject()).SafeBuild()
	if err != nil {
		t.Fatalf("credentials of the SDK: %v", err)
	}
	client, err := dli.DliClientBuilder().WithEndpoint(restURL).WithCredential(credentials).SafeBuild()
	if err != nil {
		t.Fatalf("client of the SDK: %v", err)
	}
	id := sdkCreate(t, dli.NewDliClient(client), model.CreateEnhancedConnectionRequestBody{Name: "temporary"})
	if got := sdkShow(t, dli.NewDliClient(client), id); value(got.Id) != id {
		t.Errorf("ShowEnhancedConnection: id %q, want %q", value(got.Id), id)
	}
}

// An environment variable points a program that only knows a region at connsvc.
func TestSDKRegionOfEnvironment(t *testing.T) {
	t.Setenv("HUAWEICLOUD_SDK_REGION_DLI_EU_DE", restURL)
	credentials, err := basic.NewCredentialsBuilder().WithAk("AK").WithSk("SK").WithProjectId(newProject()).SafeBuild()
	if err != nil {
		t.Fatalf("credentials of the SDK: %v", err)
	}
	euDE, err := region.SafeValueOf("eu-de")
	if err != nil {
		t.Fatalf("region of the SDK: %v", err)
	}
	client, err := dli.DliClientBuilder().WithRegion(euDE).WithCredential(credentials).SafeBuild()
	if err != nil {
		t.Fatalf("client of the SDK: %v", err)
	}
	sdkCreate(t, dli.NewDliClient(client), model.CreateEnhancedConnectionRequestBody{Name: "region"})
}
