package compat_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

func TestSDKUpdateHosts(t *testing.T) {
	client := newSDK(t, newProject())
	first := []model.EnhancedConnectionHost{{Name: new("first"), Ip: new("192.168.0.1")}}
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "hosts", Hosts: &first})
	none := []model.EnhancedConnectionHost{}
	tests := []struct {
		name        string
		hosts, want []model.EnhancedConnectionHost
	}{
		{"replaced", []model.EnhancedConnectionHost{
			{Name: new("second"), Ip: new("192.168.0.2")}, {Name: new("third"), Ip: new("192.168.0.3")},
		}, []model.EnhancedConnectionHost{
			{Name: new("second"), Ip: new("192.168.0.2")}, {Name: new("third"), Ip: new("192.168.0.3")},
		}},
		{"nil clears", nil, none},
		{"set again", first, first},
		{"empty clears", none, none},
	}
	for _, test := range tests {
		got, err := client.UpdateEnhancedConnection(&model.UpdateEnhancedConnectionRequest{
			ConnectionId: id, Body: &model.UpdateEnhancedConnectionRequestBody{Hosts: test.hosts},
		})
		if err != nil {
			t.Fatalf("%s: UpdateEnhancedConnection: %v", test.name, err)
		}
		want := &model.UpdateEnhancedConnectionResponse{IsSuccess: new(true), Message: new(""), HttpStatusCode: 200}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: UpdateEnhancedConnection (-want +got):\n%s", test.name, diff)
		}
		if diff := cmp.Diff(&test.want, sdkShow(t, client, id).Hosts); diff != "" {
			t.Errorf("%s: hosts (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestSDKAssociateAndDisassociate(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "bindings"})

	bound, err := client.AssociateQueueToEnhancedConnection(&model.AssociateQueueToEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.AssociateQueueToEnhancedConnectionRequestBody{Queues: &[]string{"q1", "q2"}},
	})
	if err != nil {
		t.Fatalf("AssociateQueueToEnhancedConnection of queues: %v", err)
	}
	if diff := cmp.Diff(&model.AssociateQueueToEnhancedConnectionResponse{
		IsSuccess: new(true), Message: new("associated peer connection for queues: {q1,q2}."), HttpStatusCode: 200,
	}, bound); diff != "" {
		t.Errorf("AssociateQueueToEnhancedConnection (-want +got):\n%s", diff)
	}
	bound, err = client.AssociateQueueToEnhancedConnection(&model.AssociateQueueToEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.AssociateQueueToEnhancedConnectionRequestBody{ElasticResourcePools: &[]string{"pool1"}},
	})
	if err != nil || bound.HttpStatusCode != 200 || !value(bound.IsSuccess) || bound.Message == nil {
		t.Fatalf("AssociateQueueToEnhancedConnection of a pool: %v, %v", bound, err)
	}
	wantBound(t, sdkShow(t, client, id), []string{"q1", "q2"}, []string{"pool1"})

	unbound, err := client.DisassociateQueueFromEnhancedConnection(&model.DisassociateQueueFromEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.DisassociateQueueFromEnhancedConnectionRequestBody{Queues: &[]string{"q1"}},
	})
	if err != nil {
		t.Fatalf("DisassociateQueueFromEnhancedConnection: %v", err)
	}
	if diff := cmp.Diff(&model.DisassociateQueueFromEnhancedConnectionResponse{
		IsSuccess: new(true), Message: new("Disassociated peer connection for queues:{q1}."), HttpStatusCode: 200,
	}, unbound); diff != "" {
		t.Errorf("DisassociateQueueFromEnhancedConnection (-want +got):\n%s", diff)
	}
	wantBound(t, sdkShow(t, client, id), []string{"q2"}, []string{"pool1"})

	if _, err := client.DisassociateQueueFromEnhancedConnection(&model.DisassociateQueueFromEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.DisassociateQueueFromEnhancedConnectionRequestBody{
			Queues: &[]string{"q2"}, ElasticResourcePools: &[]string{"pool1"},
		},
	}); err != nil {
		t.Fatalf("DisassociateQueueFromEnhancedConnection of both kinds: %v", err)
	}
	wantBound(t, sdkShow(t, client, id), []string{}, []string{})
}

func wantBound(t *testing.T, c *model.ShowEnhancedConnectionResponse, queues, pools []string) {
	t.Helper()
	peerings := func(names []string) *[]model.EnhancedConnectionResource {
		all := []model.EnhancedConnectionResource{}
		for _, name := range names {
			all = append(all, peering(name))
		}
		return &all
	}
	if diff := cmp.Diff(peerings(queues), c.AvailableQueueInfo, generated()); diff != "" {
		t.Errorf("available_queue_info (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(peerings(pools), c.ElasticResourcePools, generated()); diff != "" {
		t.Errorf("elastic_resource_pools (-want +got):\n%s", diff)
	}
}
