package validation_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	project    = "48cc2c48765f481480c7db940d6409d1"
	uuid       = "22222222-3333-4444-5555-66666666abcd"
	connection = "edsconnections." + uuid
)

// valid returns a valid request of every RPC.
func valid() []proto.Message {
	return []proto.Message{
		create(),
		&connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: uuid},
		list(),
		&connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: uuid},
		updateHosts(),
		associate(),
		disassociate(),
		createRoute(),
		&connsvcv1.DeleteRouteRequest{ProjectId: project, ConnectionId: uuid, Name: "route1"},
		&connsvcv1.ListPrivilegesRequest{ProjectId: project, ConnectionId: uuid},
		updatePrivileges(),
		&connsvcv1.ListPrivilegesByObjectRequest{ProjectId: project, Object: connection},
		wait(),
		&connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project, ConnectionId: uuid, ResumeToken: "token"},
		apply(),
		&connsvcv1.CompareEnhancedConnectionRequest{ProjectId: project, Connections: []*connsvcv1.EnhancedConnectionSpec{spec("test1"), spec("test2")}},
		&connsvcv1.ListHostsRequest{ProjectId: project, ConnectionId: uuid},
		&connsvcv1.AddHostsRequest{ProjectId: project, ConnectionId: uuid, Hosts: hosts(2), Etag: "etag"},
		&connsvcv1.RemoveHostsRequest{ProjectId: project, ConnectionId: uuid, Hosts: hosts(2), Names: names(2), Etag: "etag"},
		createTest(),
		&connsvcv1.GetConnectivityTestRequest{ProjectId: project, QueueName: "q1", TaskId: 9},
	}
}

// with changes m and returns it.
func with[M proto.Message](m M, change func(M)) M {
	change(m)
	return m
}

func create() *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:            project,
		Name:                 "test1",
		DestVpcId:            uuid,
		DestNetworkId:        uuid,
		Queues:               []string{"q1", "q2"},
		ElasticResourcePools: []string{"pool1"},
		RoutetableId:         uuid,
		Hosts:                hosts(2),
		Tags:                 tags(2),
		RequestId:            uuid,
	}
}

func list() *connsvcv1.ListEnhancedConnectionsRequest {
	return &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: project,
		Limit:     new(int32(10)),
		Offset:    20,
		Status:    connsvcv1.EnhancedConnection_ACTIVE,
		Name:      "test1",
		Tags:      tags(2),
		View:      connsvcv1.EnhancedConnectionView_BASIC,
	}
}

func updateHosts() *connsvcv1.UpdateEnhancedConnectionHostsRequest {
	return &connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: project, ConnectionId: uuid, Hosts: hosts(2)}
}

func associate() *connsvcv1.AssociateQueuesRequest {
	return &connsvcv1.AssociateQueuesRequest{ProjectId: project, ConnectionId: uuid, Queues: []string{"q1"}}
}

func disassociate() *connsvcv1.DisassociateQueuesRequest {
	return &connsvcv1.DisassociateQueuesRequest{ProjectId: project, ConnectionId: uuid, ElasticResourcePools: []string{"pool1"}}
}

func createRoute() *connsvcv1.CreateRouteRequest {
	return &connsvcv1.CreateRouteRequest{ProjectId: project, ConnectionId: uuid, Name: "route1", Cidr: "192.168.2.0/24"}
}

func updatePrivileges() *connsvcv1.UpdatePrivilegesRequest {
	return &connsvcv1.UpdatePrivilegesRequest{
		ProjectId:        project,
		GranteeProjectId: project,
		Action:           "grant",
		Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{
			{Object: connection, Privileges: []string{"BIND_QUEUE"}},
		},
	}
}

func wait() *connsvcv1.WaitEnhancedConnectionRequest {
	return &connsvcv1.WaitEnhancedConnectionRequest{
		ProjectId: project, ConnectionId: uuid, Timeout: durationpb.New(time.Minute),
		Addresses: []string{"db.example.com:5432", "192.168.0.1:1"}, Queues: []string{"q1"},
	}
}

func apply() *connsvcv1.ApplyEnhancedConnectionRequest {
	return &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: project, Connection: spec("test1"), RequestId: uuid}
}

func spec(name string) *connsvcv1.EnhancedConnectionSpec {
	return &connsvcv1.EnhancedConnectionSpec{
		Name: name, DestVpcId: uuid, DestNetworkId: uuid, RoutetableId: uuid,
		Queues: []string{"q1", "q2"}, ElasticResourcePools: []string{"pool1"}, Hosts: hosts(2), Tags: tags(2),
		Routes:            []*connsvcv1.RouteSpec{{Name: "route1", Cidr: "192.168.2.0/24"}},
		GrantedProjectIds: []string{project}, AllowEmpty: []string{"hosts", "routes"},
	}
}

func createTest() *connsvcv1.CreateConnectivityTestRequest {
	return &connsvcv1.CreateConnectivityTestRequest{ProjectId: project, QueueName: "q1", Address: "db.example.com:5432"}
}

func hosts(n int) []*connsvcv1.Host {
	list := make([]*connsvcv1.Host, n)
	for i := range list {
		list[i] = &connsvcv1.Host{
			Name: fmt.Sprintf("node-%05d.cluster.example.com", i),
			Ip:   fmt.Sprintf("192.168.%d.%d", i/256%256, i%256),
		}
	}
	return list
}

func tags(n int) []*connsvcv1.Tag {
	list := make([]*connsvcv1.Tag, n)
	for i := range list {
		list[i] = &connsvcv1.Tag{Key: fmt.Sprintf("key%d", i), Value: new("value")}
	}
	return list
}

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("name%d", i)
	}
	return list
}
