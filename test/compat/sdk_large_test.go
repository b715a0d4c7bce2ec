package compat_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/dli/v1/model"
)

const maxHosts = 20_000 // of one connection (dli_02_0187)

// manyHosts returns n hosts whose names are as long as DLI allows.
func manyHosts(n int) []model.EnhancedConnectionHost {
	hosts := make([]model.EnhancedConnectionHost, n)
	for i := range hosts {
		hosts[i] = model.EnhancedConnectionHost{
			Name: new(fmt.Sprintf("ecs-%05d.%s", i, strings.Repeat("x", 118))),
			Ip:   new(fmt.Sprintf("10.200.%d.%d", i/256, i%256)),
		}
	}
	return hosts
}

func TestSDKMostHosts(t *testing.T) {
	client := newSDK(t, newProject())
	hosts := manyHosts(maxHosts)
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "full", Hosts: &hosts})
	if diff := cmp.Diff(&hosts, sdkShow(t, client, id).Hosts); diff != "" {
		t.Errorf("hosts of a create (-want +got):\n%s", diff)
	}
	hosts[0].Ip, hosts[maxHosts-1].Ip = new("10.0.0.1"), new("10.0.0.2")
	if _, err := client.UpdateEnhancedConnection(&model.UpdateEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.UpdateEnhancedConnectionRequestBody{Hosts: hosts},
	}); err != nil {
		t.Fatalf("UpdateEnhancedConnection: %v", err)
	}
	listed, err := client.ListEnhancedConnections(&model.ListEnhancedConnectionsRequest{Name: new("full")})
	if err != nil || len(value(listed.Connections)) != 1 {
		t.Fatalf("ListEnhancedConnections: %d connections, %v", len(value(listed.Connections)), err)
	}
	if diff := cmp.Diff(&hosts, (*listed.Connections)[0].Hosts); diff != "" {
		t.Errorf("hosts of an update (-want +got):\n%s", diff)
	}
}

func TestSDKTooManyHosts(t *testing.T) {
	client := newSDK(t, newProject())
	id := sdkCreate(t, client, model.CreateEnhancedConnectionRequestBody{Name: "bare"})
	hosts := manyHosts(maxHosts + 1)
	_, err := client.CreateEnhancedConnection(&model.CreateEnhancedConnectionRequest{
		Body: &model.CreateEnhancedConnectionRequestBody{
			Name: "overfull", DestVpcId: vpcID, DestNetworkId: subnetID, Hosts: &hosts,
		},
	})
	wantError(t, err, 400, "DLI.0001", "hosts")
	_, err = client.UpdateEnhancedConnection(&model.UpdateEnhancedConnectionRequest{
		ConnectionId: id, Body: &model.UpdateEnhancedConnectionRequestBody{Hosts: hosts},
	})
	wantError(t, err, 400, "DLI.0001", "hosts")
	if got := value(sdkShow(t, client, id).Hosts); len(got) != 0 {
		t.Errorf("a refused update left %d hosts", len(got))
	}
}

// The SDK reads error bodies of any size, but its message must stay short.
func TestSDKManyBadHosts(t *testing.T) {
	client := newSDK(t, newProject())
	hosts := manyHosts(maxHosts)
	for i := range hosts {
		hosts[i].Ip = new("bad")
	}
	_, err := client.CreateEnhancedConnection(&model.CreateEnhancedConnectionRequest{
		Body: &model.CreateEnhancedConnectionRequestBody{
			Name: "bad", DestVpcId: vpcID, DestNetworkId: subnetID, Hosts: &hosts,
		},
	})
	wantError(t, err, 400, "DLI.0001", "hosts[0].ip")
}
