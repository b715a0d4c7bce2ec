package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	dli "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

func TestSDKList(t *testing.T) {
	client := newSDK(t, newProject())
	hosts := []model.EnhancedConnectionHost{{Name: new("ecs"), Ip: new("192.168.0.1")}}
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{
		Name: "listed", Queues: &[]string{"q1"}, ElasticResourcePools: &[]string{"pool1"}, Hosts: &hosts,
	})
	got, err := client.ListEnhancedConnections(&model.ListEnhancedConnectionsRequest{})
	if err != nil {
		t.Fatalf("ListEnhancedConnections: %v", err)
	}
	want := &model.ListEnhancedConnectionsResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200, Count: new(int32(1)),
		Connections: &[]model.EnhancedConnection{{
			Id: &id, Name: new("listed"), Status: new("ACTIVE"), DestVpcId: new(vpcID), DestNetworkId: new(subnetID),
			AvailableQueueInfo:   &[]model.EnhancedConnectionResource{peering("q1")},
			ElasticResourcePools: &[]model.EnhancedConnectionResource{peering("pool1")},
			CreateTime:           new(someMillis), Hosts: &hosts, IsPrivis: new(true), Ipv6Enable: new(false),
		}},
	}
	if diff := cmp.Diff(want, got, generated()); diff != "" {
		t.Errorf("ListEnhancedConnections (-want +got):\n%s", diff)
	}
}

func TestSDKListEmpty(t *testing.T) {
	got, err := newSDK(t, newProject()).ListEnhancedConnections(&model.ListEnhancedConnectionsRequest{})
	if err != nil {
		t.Fatalf("ListEnhancedConnections: %v", err)
	}
	want := &model.ListEnhancedConnectionsResponse{
		IsSuccess: new(true), Message: new(""), HttpStatusCode: 200, Count: new(int32(0)),
		Connections: &[]model.EnhancedConnection{},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("ListEnhancedConnections (-want +got):\n%s", diff)
	}
}

func TestSDKListFilters(t *testing.T) {
	client := newSDK(t, newProject())
	for name, tags := range map[string][]model.Tag{
		"tf_test":       {{Key: "k1", Value: "v 1"}, {Key: "k2", Value: "v2"}},
		"tf_test_abcde": {{Key: "k1", Value: "v 1"}, {Key: "k.3", Value: "a+b@c:d"}},
	} {
		sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: name, Tags: &tags})
	}
	gone := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "gone"})
	if _, err := client.DeleteEnhancedConnection(&model.DeleteEnhancedConnectionRequest{ConnectionId: gone}); err != nil {
		t.Fatalf("DeleteEnhancedConnection: %v", err)
	}
	both := []string{"tf_test", "tf_test_abcde"}
	tests := []struct {
		name    string
		request model.ListEnhancedConnectionsRequest
		want    []string // in any order
	}{
		{"status", model.ListEnhancedConnectionsRequest{Status: new("ACTIVE")}, both},
		{"status in lower case", model.ListEnhancedConnectionsRequest{Status: new("active")}, both},
		{"status of deleted ones", model.ListEnhancedConnectionsRequest{Status: new("DELETED")}, []string{"gone"}},
		{"name is exact", model.ListEnhancedConnectionsRequest{Name: new("tf_test")}, []string{"tf_test"}},
		{"name of none", model.ListEnhancedConnectionsRequest{Name: new("tf")}, nil},
		{"one tag", model.ListEnhancedConnectionsRequest{Tags: new("k1=v 1")}, both},
		{"two tags", model.ListEnhancedConnectionsRequest{Tags: new("k1=v 1,k2=v2")}, []string{"tf_test"}},
		{"tag to be escaped", model.ListEnhancedConnectionsRequest{Tags: new("k.3=a+b@c:d")}, []string{"tf_test_abcde"}},
		{"tag of another value", model.ListEnhancedConnectionsRequest{Tags: new("k1=v2")}, nil},
		{"limit 0 is all", model.ListEnhancedConnectionsRequest{
			Limit: new(int32(0)), Offset: new(int32(0)), Status: new("ACTIVE"),
		}, both},
		{"past the end", model.ListEnhancedConnectionsRequest{Offset: new(int32(2)), Status: new("ACTIVE")}, nil},
		{"all filters", model.ListEnhancedConnectionsRequest{
			Limit: new(int32(10)), Offset: new(int32(0)), Status: new("ACTIVE"), Name: new("tf_test"), Tags: new("k2=v2"),
		}, []string{"tf_test"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(set(test.want), set(sdkNames(t, client, test.request))); diff != "" {
				t.Errorf("names (-want +got):\n%s", diff)
			}
		})
	}
}

// Each page has limit connections, and all pages together have each connection once.
func TestSDKListPages(t *testing.T) {
	client := newSDK(t, newProject())
	want := map[string]int{"c1": 1, "c2": 1, "c3": 1}
	for name := range want {
		sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: name})
	}
	var paged []string
	for offset := range int32(4) {
		page := sdkNames(t, client, model.ListEnhancedConnectionsRequest{Limit: new(int32(1)), Offset: &offset})
		if len(page) > 1 {
			t.Errorf("offset %d: %d connections, want at most 1", offset, len(page))
		}
		paged = append(paged, page...)
	}
	if diff := cmp.Diff(want, set(paged)); diff != "" {
		t.Errorf("all pages (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(sdkNames(t, client, model.ListEnhancedConnectionsRequest{}), paged); diff != "" {
		t.Errorf("order of one list and of its pages (-list +pages):\n%s", diff)
	}
}

// sdkNames lists connections and returns their names in order.
func sdkNames(t *testing.T, client *dli.DliClient, request model.ListEnhancedConnectionsRequest) []string {
	t.Helper()
	got, err := client.ListEnhancedConnections(&request)
	if err != nil {
		t.Fatalf("ListEnhancedConnections: %v", err)
	}
	var names []string
	for _, c := range value(got.Connections) {
		names = append(names, value(c.Name))
	}
	if int(value(got.Count)) != len(names) || got.HttpStatusCode != 200 {
		t.Errorf("ListEnhancedConnections: count %d, status %d, want %d and 200", value(got.Count), got.HttpStatusCode, len(names))
	}
	return names
}

// set counts the occurrences of each string in list.
func set(list []string) map[string]int {
	counts := map[string]int{}
	for _, s := range list {
		counts[s]++
	}
	return counts
}
