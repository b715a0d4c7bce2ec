package service_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestAnswers plays what DLI answers to each RPC against what the caller gets.
func TestAnswers(t *testing.T) {
	grant := func(p *connsvcv1.Privilege) []*connsvcv1.Privilege { return []*connsvcv1.Privilege{p} }
	both := grant(&connsvcv1.Privilege{Object: object, ApplicantProjectId: "g", ProjectId: "g"})
	for name, c := range map[string]struct {
		rpc  rpc
		dli  proto.Message
		want proto.Message
	}{
		"create": {
			createConnection,
			&connsvcv1.CreateEnhancedConnectionResponse{Message: "Create peer connection", ConnectionId: connectionID},
			&connsvcv1.CreateEnhancedConnectionResponse{IsSuccess: true, Message: "Create peer connection", ConnectionId: connectionID},
		},
		"get": {
			get,
			&connsvcv1.EnhancedConnection{Id: connectionID, Status: connsvcv1.EnhancedConnection_ACTIVE},
			&connsvcv1.EnhancedConnection{Id: connectionID, Status: connsvcv1.EnhancedConnection_ACTIVE},
		},
		"list counts what it returns": {
			list,
			&connsvcv1.ListEnhancedConnectionsResponse{Count: 40, Connections: []*connsvcv1.EnhancedConnection{{Id: "b"}, {Id: "a"}}},
			&connsvcv1.ListEnhancedConnectionsResponse{
				IsSuccess: true, Count: 2, Connections: []*connsvcv1.EnhancedConnection{{Id: "b"}, {Id: "a"}},
			},
		},
		"delete": {
			remove,
			&connsvcv1.DeleteEnhancedConnectionResponse{Message: "Deleted"},
			&connsvcv1.DeleteEnhancedConnectionResponse{IsSuccess: true, Message: "Deleted"},
		},
		"hosts": {
			hosts,
			&connsvcv1.UpdateEnhancedConnectionHostsResponse{Message: "done"},
			&connsvcv1.UpdateEnhancedConnectionHostsResponse{IsSuccess: true, Message: "done"},
		},
		"associate": {
			associate,
			&connsvcv1.AssociateQueuesResponse{Message: "associated"},
			&connsvcv1.AssociateQueuesResponse{IsSuccess: true, Message: "associated"},
		},
		"disassociate": {
			disassociate,
			&connsvcv1.DisassociateQueuesResponse{Message: "Disassociated"},
			&connsvcv1.DisassociateQueuesResponse{IsSuccess: true, Message: "Disassociated"},
		},
		"create route": {
			createRoute,
			&connsvcv1.CreateRouteResponse{Message: "m"},
			&connsvcv1.CreateRouteResponse{IsSuccess: true, Message: "m"},
		},
		"delete route": {
			deleteRoute,
			&connsvcv1.DeleteRouteResponse{Message: "Deleted"},
			&connsvcv1.DeleteRouteResponse{IsSuccess: true, Message: "Deleted"},
		},
		"update privileges": {
			updatePrivileges,
			&connsvcv1.UpdatePrivilegesResponse{Message: "m"},
			&connsvcv1.UpdatePrivilegesResponse{IsSuccess: true, Message: "m"},
		},
		"privileges as documented": {
			listPrivileges,
			&connsvcv1.ListPrivilegesResponse{ConnectionId: "x", Privileges: grant(&connsvcv1.Privilege{Object: object, ApplicantProjectId: "g"})},
			&connsvcv1.ListPrivilegesResponse{IsSuccess: true, ConnectionId: "x", Privileges: both},
		},
		"privileges as seen": {
			listPrivileges,
			&connsvcv1.ListPrivilegesResponse{Privileges: grant(&connsvcv1.Privilege{Object: object, ProjectId: "g"})},
			&connsvcv1.ListPrivilegesResponse{IsSuccess: true, ConnectionId: connectionID, Privileges: both},
		},
		"privileges by object": {
			listPrivilegesByObject,
			&connsvcv1.ListPrivilegesByObjectResponse{Count: 7, Privileges: grant(&connsvcv1.Privilege{Object: object, ProjectId: "g"})},
			&connsvcv1.ListPrivilegesByObjectResponse{IsSuccess: true, ObjectName: object, Count: 1, Privileges: both},
		},
		"create connectivity test": {
			createTest,
			&connsvcv1.CreateConnectivityTestResponse{Message: "m", TaskId: 9},
			&connsvcv1.CreateConnectivityTestResponse{IsSuccess: true, Message: "m", TaskId: 9},
		},
		"get connectivity test": {
			getTest,
			&connsvcv1.GetConnectivityTestResponse{Message: "m", Connectivity: "REACHABLE"},
			&connsvcv1.GetConnectivityTestResponse{IsSuccess: true, Message: "m", Connectivity: "REACHABLE"},
		},
		"get connectivity test, of which DLI knows nothing yet": {
			getTest,
			&connsvcv1.GetConnectivityTestResponse{},
			&connsvcv1.GetConnectivityTestResponse{IsSuccess: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := script(t, c.dli)
			got, err := c.rpc.do(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got, protocmp.Transform()); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if len(d.calls) != 1 {
				t.Errorf("%d calls of DLI, want 1", len(d.calls))
			}
		})
	}
}

func TestDeletedConnectionIsGone(t *testing.T) {
	s, _ := script(t, &connsvcv1.EnhancedConnection{Id: connectionID, Status: connsvcv1.EnhancedConnection_DELETED})
	_, err := get.do(t.Context(), s)
	e := asError(t, err)
	if e.Reason != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND || e.Message != missingText || e.DLICode != "DLI.0001" || e.HTTPStatus != 404 {
		t.Errorf("got %v: %d %s %q", e.Reason, e.HTTPStatus, e.DLICode, e.Message)
	}
}

func TestAnotherConnectionIsNoAnswer(t *testing.T) {
	for _, c := range []*connsvcv1.EnhancedConnection{
		{Id: networkID, Status: connsvcv1.EnhancedConnection_ACTIVE},
		{Id: networkID, Status: connsvcv1.EnhancedConnection_DELETED},
		{},
	} {
		s, _ := script(t, c)
		_, err := get.do(t.Context(), s)
		wantReason(t, c.String(), err, connsvcv1.ErrorReason_UPSTREAM_FAULT)
	}
	s, _ := script(t, &connsvcv1.EnhancedConnection{Id: strings.ToUpper(connectionID), Status: connsvcv1.EnhancedConnection_ACTIVE})
	if _, err := get.do(t.Context(), s); err != nil {
		t.Errorf("in capitals: %v", err)
	}
}

func TestConnectivityTestNeedsAnID(t *testing.T) {
	s, _ := script(t, &connsvcv1.CreateConnectivityTestResponse{IsSuccess: true, Message: "m"})
	_, err := createTest.do(t.Context(), s)
	wantReason(t, "no task_id", err, connsvcv1.ErrorReason_UPSTREAM_FAULT)
}

func TestListView(t *testing.T) {
	limit := int32(10)
	for view, wantHosts := range map[connsvcv1.EnhancedConnectionView]int{
		connsvcv1.EnhancedConnectionView_ENHANCED_CONNECTION_VIEW_UNSPECIFIED: 1,
		connsvcv1.EnhancedConnectionView_FULL:                                 1,
		connsvcv1.EnhancedConnectionView_BASIC:                                0,
	} {
		t.Run(view.String(), func(t *testing.T) {
			s, d := script(t, &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{
				{Id: connectionID, Hosts: []*connsvcv1.Host{{Name: "ecs"}}, Routes: []*connsvcv1.Route{{Name: "r"}}},
			}})
			req := &connsvcv1.ListEnhancedConnectionsRequest{
				ProjectId: projectID, Limit: &limit, Offset: 3, Status: connsvcv1.EnhancedConnection_ACTIVE, Name: "n",
				Tags: []*connsvcv1.Tag{{Key: "k", Value: proto.String("v")}}, View: view,
			}
			asked := proto.CloneOf(req)
			resp, err := s.ListEnhancedConnections(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			c := resp.GetConnections()[0]
			if len(c.GetHosts()) != wantHosts || len(c.GetRoutes()) != 1 {
				t.Errorf("got %v", c)
			}
			if d := cmp.Diff(asked, req, protocmp.Transform()); d != "" {
				t.Errorf("the caller's request was changed (-want +got)\n%s", d)
			}
			asked.View = 0
			if d := cmp.Diff(proto.Message(asked), d.calls[0].Req, protocmp.Transform()); d != "" {
				t.Errorf("what DLI was asked (-want +got)\n%s", d)
			}
		})
	}
}

func existing(change func(*connsvcv1.EnhancedConnection)) *connsvcv1.ListEnhancedConnectionsResponse {
	c := &connsvcv1.EnhancedConnection{
		Id: connectionID, Name: "c1", Status: connsvcv1.EnhancedConnection_ACTIVE, DestVpcId: vpcID, DestNetworkId: networkID,
		AvailableQueueInfo:   []*connsvcv1.Peering{{Name: "q2"}, {Name: "Q1"}},
		ElasticResourcePools: []*connsvcv1.Peering{{Name: "p1"}},
		Hosts:                []*connsvcv1.Host{{Name: "ecs-2", Ip: "192.168.0.2"}, {Name: "ecs-1", Ip: "192.168.0.1"}},
	}
	change(c)
	return &connsvcv1.ListEnhancedConnectionsResponse{Connections: []*connsvcv1.EnhancedConnection{
		{Id: "other", Name: "c10", Status: connsvcv1.EnhancedConnection_ACTIVE}, c,
	}}
}

func TestTakenNameSaysByWhom(t *testing.T) {
	type conn = connsvcv1.EnhancedConnection
	for name, c := range map[string]struct {
		change  func(*conn)
		differs string
	}{
		"same":                                   {func(*conn) {}, ""},
		"case of the UUIDs":                      {func(c *conn) { c.DestVpcId = "22094D8F-C310-4621-913D-4C4D655D8495" }, ""},
		"other VPC":                              {func(c *conn) { c.DestVpcId = networkID }, "dest_vpc_id"},
		"other network":                          {func(c *conn) { c.DestNetworkId = vpcID }, "dest_network_id"},
		"a queue more":                           {func(c *conn) { c.AvailableQueueInfo = append(c.AvailableQueueInfo, &connsvcv1.Peering{Name: "q3"}) }, "queues"},
		"no pool":                                {func(c *conn) { c.ElasticResourcePools = nil }, "elastic_resource_pools"},
		"a pool more":                            {func(c *conn) { c.ElasticResourcePools = append(c.ElasticResourcePools, &connsvcv1.Peering{Name: "p2"}) }, "elastic_resource_pools"},
		"a queue in the pool that was asked for": {func(c *conn) { c.AvailableQueueInfo = c.AvailableQueueInfo[:1] }, ""},
		"a queue in another pool": {func(c *conn) {
			c.AvailableQueueInfo = c.AvailableQueueInfo[:1]
			c.ElasticResourcePools = append(c.ElasticResourcePools, &connsvcv1.Peering{Name: "p2"})
		}, ""},
		"a queue in two other pools": {func(c *conn) {
			c.AvailableQueueInfo = c.AvailableQueueInfo[:1]
			c.ElasticResourcePools = append(c.ElasticResourcePools, &connsvcv1.Peering{Name: "p2"}, &connsvcv1.Peering{Name: "p3"})
		}, "elastic_resource_pools"},
		"another queue":          {func(c *conn) { c.AvailableQueueInfo[0].Name = "q3" }, "queues"},
		"nothing is bound":       {func(c *conn) { c.AvailableQueueInfo, c.ElasticResourcePools = nil, nil }, "elastic_resource_pools,queues"},
		"another address":        {func(c *conn) { c.Hosts[0].Ip = "192.168.0.3" }, "hosts"},
		"another host":           {func(c *conn) { c.Hosts[0].Name = "ecs-3" }, "hosts"},
		"a host more":            {func(c *conn) { c.Hosts = append(c.Hosts, &connsvcv1.Host{Name: "ecs-3"}) }, "hosts"},
		"a host twice":           {func(c *conn) { c.Hosts = append(c.Hosts, c.Hosts[0]) }, ""},
		"a host twice, one less": {func(c *conn) { c.Hosts[0] = c.Hosts[1] }, "hosts"},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := script(t, answered(400, "DLI.0006", "The object exists."), existing(c.change))
			_, err := createConnection.do(t.Context(), s)
			e := asError(t, err)
			if e.Reason != connsvcv1.ErrorReason_NAME_TAKEN || e.Message != "The object exists." || e.DLICode != "DLI.0006" {
				t.Errorf("got %v: %s %q", e.Reason, e.DLICode, e.Message)
			}
			want := map[string]string{"existing_connection_id": connectionID, "same_spec": "true"}
			if c.differs != "" {
				want["same_spec"], want["differs"] = "false", c.differs
			}
			if !cmp.Equal(want, e.Metadata) {
				t.Errorf("metadata %v, want %v", e.Metadata, want)
			}
			resource := &apierror.Resource{Type: apierror.TypeConnection, Name: connectionID, Description: "has the name c1"}
			if d := cmp.Diff(resource, e.Resource); d != "" {
				t.Errorf("resource (-want +got)\n%s", d)
			}
			asked := received{connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, &connsvcv1.ListEnhancedConnectionsRequest{
				ProjectId: projectID, Name: "c1", Status: connsvcv1.EnhancedConnection_ACTIVE,
			}}
			if d := cmp.Diff(asked, d.calls[1], protocmp.Transform()); d != "" {
				t.Errorf("what DLI was asked (-want +got)\n%s", d)
			}
		})
	}
}

func TestTakenNameWithoutItsOwner(t *testing.T) {
	for name, answer := range map[string]any{
		"the list fails": &upstream.Error{Kind: upstream.Timeout},
		"no ID":          existing(func(c *connsvcv1.EnhancedConnection) { c.Id = "" }),
		"no such name":   &connsvcv1.ListEnhancedConnectionsResponse{},
		"deleted":        existing(func(c *connsvcv1.EnhancedConnection) { c.Status = connsvcv1.EnhancedConnection_DELETED }),
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := script(t, answered(400, "DLI.0999", "The object exists."), answer)
			_, err := createConnection.do(t.Context(), s)
			e := asError(t, err)
			if e.Reason != connsvcv1.ErrorReason_NAME_TAKEN || len(e.Metadata) != 0 {
				t.Errorf("got %v with %v", e.Reason, e.Metadata)
			}
			if d := cmp.Diff(&apierror.Resource{Type: apierror.TypeConnection, Name: "c1"}, e.Resource); d != "" {
				t.Errorf("resource (-want +got)\n%s", d)
			}
		})
	}
}

func TestErrorThatIsNotDLIs(t *testing.T) {
	for _, r := range append(aboutConnection(), createConnection, list, createTest, getTest) {
		t.Run(r.name, func(t *testing.T) {
			s, _ := script(t, errors.New("secret"))
			resp, err := r.do(t.Context(), s)
			e := asError(t, err)
			if e.Reason != connsvcv1.ErrorReason_INTERNAL || e.Message != "internal error" {
				t.Errorf("got %v: %q", e.Reason, e.Message)
			}
			if resp.ProtoReflect().IsValid() {
				t.Errorf("an answer beside the error: %v", resp)
			}
		})
	}
}
