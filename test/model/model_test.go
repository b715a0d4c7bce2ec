// Package model_test compares connsvc with DLI: any sequence of operations must have the
// same results through connsvc as without it.
package model_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// projects are those that the operations choose from. They must not affect each other.
var projects = []string{"a48cc2c48765f481480c7db940d6409d", "b0"}

const (
	vpc     = "22094d8f-c310-4621-913d-4c4d655d8495"
	network = "78f2562a-36e4-4b39-95b9-f5aab22e1281"
	nobody  = "00000000-0000-4000-8000-000000000000"
)

// TestSameAsDirect runs random operations over a random API of connsvc and directly on an
// emulator, whose lists may lag, and compares each response and, at the end, the state of
// the two emulators.
func TestSameAsDirect(t *testing.T) {
	s, err := newStage()
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	rapid.Check(t, func(t *rapid.T) {
		s.reset()
		s.slow(t, rapid.SampledFrom(lags).Draw(t, "lag"))
		m := &machine{stage: s}
		t.Repeat(map[string]func(*rapid.T){
			"create":       m.create,
			"get":          m.get,
			"list":         m.list,
			"delete":       m.delete,
			"hosts":        m.hosts,
			"associate":    m.associate,
			"disassociate": m.disassociate,
			"add route":    m.createRoute,
			"delete route": m.deleteRoute,
			"privilege":    m.updatePrivileges,
			"privileges":   m.listPrivileges,
			"by object":    m.listPrivilegesByObject,
			"test":         m.createConnectivityTest,
			"result":       m.getConnectivityTest,
			"wait": func(t *rapid.T) {
				s.clock.advance(time.Duration(rapid.IntRange(1, 12).Draw(t, "seconds")) * time.Second)
			},
		})
		for _, project := range projects {
			if diff := cmp.Diff(s.direct.Load().Connections(project), s.behind.Load().Connections(project)); diff != "" {
				t.Fatalf("the emulators have different connections of %s (-direct +through connsvc):\n%s", project, diff)
			}
		}
	})
}

// lags are the ways in which lists lag, the same in both emulators.
var lags = []faults.Rule{
	{},
	{Operation: "CreateEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowList, Delay: lag}},
	{Operation: "DeleteEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowList, Delay: lag}},
	{Operation: "CreateEnhancedConnection", Fault: faults.Fault{Kind: faults.SlowTags, Delay: lag}},
	{Operation: "ListEnhancedConnections", Fault: faults.Fault{Kind: faults.OldList, Delay: lag}},
	{Operation: "ListEnhancedConnections", Fault: faults.Fault{Kind: faults.SnapshotList, Delay: lag}},
}

// lag is how late lists are, by the clock that "wait" advances.
const lag = faults.Duration(3 * time.Second)

// A machine draws operations. It has the IDs of the connections that were created.
type machine struct {
	*stage
	ids []string
}

func (m *machine) project(t *rapid.T) string { return rapid.SampledFrom(projects).Draw(t, "project") }

// id draws a connection, mostly one that was created in either project.
func (m *machine) id(t *rapid.T) string {
	return rapid.SampledFrom(append([]string{nobody}, m.ids...)).Draw(t, "id")
}

func names(t *rapid.T, label string, from ...string) []string {
	drawn := rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, 2, rapid.ID[string]).Draw(t, label)
	return slices.Clip(drawn)
}

func queues(t *rapid.T) []string {
	return names(t, "queues", "q1", "q2", "Q3", "broken", "pooled", "no_such_queue")
}

func queue(t *rapid.T) string {
	return rapid.SampledFrom([]string{"q1", "Q3", "broken", "pooled", "no_such_queue"}).Draw(t, "queue")
}

func pools(t *rapid.T) []string { return names(t, "pools", "p1", "P2", "no_such_pool") }

func hosts(t *rapid.T) []*connsvcv1.Host {
	var hosts []*connsvcv1.Host
	for i := range rapid.IntRange(0, 3).Draw(t, "hosts") {
		hosts = append(hosts, &connsvcv1.Host{Name: fmt.Sprintf("host-%d", i), Ip: fmt.Sprintf("192.168.0.%d", i)})
	}
	return hosts
}

func tags(t *rapid.T) []*connsvcv1.Tag {
	var tags []*connsvcv1.Tag
	for _, key := range names(t, "tags", "env", "team a") {
		tags = append(tags, &connsvcv1.Tag{Key: key, Value: proto.String(rapid.SampledFrom([]string{"", "x", "y z"}).Draw(t, "value"))})
	}
	return tags
}

func (m *machine) create(t *rapid.T) {
	var response connsvcv1.CreateEnhancedConnectionResponse
	ok := m.compare(t, "CreateEnhancedConnection", &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:            m.project(t),
		Name:                 rapid.SampledFrom([]string{"one", "two", "three"}).Draw(t, "name"),
		DestVpcId:            vpc,
		DestNetworkId:        network,
		Queues:               queues(t),
		ElasticResourcePools: pools(t),
		Hosts:                hosts(t),
		Tags:                 tags(t),
	}, &response)
	if ok {
		m.ids = append(m.ids, response.GetConnectionId())
	}
	m.clock.advance(time.Millisecond)
}

func (m *machine) get(t *rapid.T) {
	m.compare(t, "GetEnhancedConnection", &connsvcv1.GetEnhancedConnectionRequest{ProjectId: m.project(t), ConnectionId: m.id(t)},
		&connsvcv1.EnhancedConnection{})
}

func (m *machine) list(t *rapid.T) {
	req := &connsvcv1.ListEnhancedConnectionsRequest{
		ProjectId: m.project(t),
		Offset:    int32(rapid.IntRange(0, 3).Draw(t, "offset")),
		Name:      rapid.SampledFrom([]string{"", "", "one", "two"}).Draw(t, "name"),
		Tags:      tags(t),
		Status:    rapid.SampledFrom([]connsvcv1.EnhancedConnection_Status{0, connsvcv1.EnhancedConnection_ACTIVE, connsvcv1.EnhancedConnection_DELETED}).Draw(t, "status"),
	}
	if rapid.Bool().Draw(t, "limited") {
		req.Limit = proto.Int32(int32(rapid.IntRange(0, 3).Draw(t, "limit")))
	}
	m.compare(t, "ListEnhancedConnections", req, &connsvcv1.ListEnhancedConnectionsResponse{})
}

func (m *machine) delete(t *rapid.T) {
	m.compare(t, "DeleteEnhancedConnection", &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: m.project(t), ConnectionId: m.id(t)},
		&connsvcv1.DeleteEnhancedConnectionResponse{})
}

func (m *machine) hosts(t *rapid.T) {
	m.compare(t, "UpdateEnhancedConnectionHosts",
		&connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: m.project(t), ConnectionId: m.id(t), Hosts: hosts(t)},
		&connsvcv1.UpdateEnhancedConnectionHostsResponse{})
}

func (m *machine) associate(t *rapid.T) {
	m.compare(t, "AssociateQueues", &connsvcv1.AssociateQueuesRequest{
		ProjectId: m.project(t), ConnectionId: m.id(t), Queues: append(queues(t), "q1")[:1], ElasticResourcePools: pools(t),
	}, &connsvcv1.AssociateQueuesResponse{})
}

func (m *machine) disassociate(t *rapid.T) {
	m.compare(t, "DisassociateQueues", &connsvcv1.DisassociateQueuesRequest{
		ProjectId: m.project(t), ConnectionId: m.id(t), Queues: append(queues(t), "q1")[:1], ElasticResourcePools: pools(t),
	}, &connsvcv1.DisassociateQueuesResponse{})
}

func route(t *rapid.T) string { return rapid.SampledFrom([]string{"r1", "r2"}).Draw(t, "route") }

func (m *machine) createRoute(t *rapid.T) {
	m.compare(t, "CreateRoute", &connsvcv1.CreateRouteRequest{
		ProjectId: m.project(t), ConnectionId: m.id(t), Name: route(t),
		Cidr: rapid.SampledFrom([]string{"10.169.0.0/24", "10.0.0.0/8", "127.0.0.0"}).Draw(t, "cidr"),
	}, &connsvcv1.CreateRouteResponse{})
}

func (m *machine) deleteRoute(t *rapid.T) {
	m.compare(t, "DeleteRoute", &connsvcv1.DeleteRouteRequest{ProjectId: m.project(t), ConnectionId: m.id(t), Name: route(t)},
		&connsvcv1.DeleteRouteResponse{})
}

func (m *machine) updatePrivileges(t *rapid.T) {
	m.compare(t, "UpdatePrivileges", &connsvcv1.UpdatePrivilegesRequest{
		ProjectId: m.project(t), GranteeProjectId: m.project(t),
		Action: rapid.SampledFrom([]string{"grant", "revoke", "update"}).Draw(t, "action"),
		Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{
			{Object: "edsconnections." + m.id(t), Privileges: []string{"BIND_QUEUE"}},
		},
	}, &connsvcv1.UpdatePrivilegesResponse{})
}

func (m *machine) listPrivileges(t *rapid.T) {
	m.compare(t, "ListPrivileges", &connsvcv1.ListPrivilegesRequest{ProjectId: m.project(t), ConnectionId: m.id(t)},
		&connsvcv1.ListPrivilegesResponse{})
}

func (m *machine) createConnectivityTest(t *rapid.T) {
	m.compare(t, "CreateConnectivityTest", &connsvcv1.CreateConnectivityTestRequest{
		ProjectId: m.project(t), QueueName: queue(t),
		Address: rapid.SampledFrom([]string{"db.example.com:5432", "192.168.0.1:22"}).Draw(t, "address"),
	}, &connsvcv1.CreateConnectivityTestResponse{})
}

func (m *machine) getConnectivityTest(t *rapid.T) {
	m.compare(t, "GetConnectivityTest", &connsvcv1.GetConnectivityTestRequest{
		ProjectId: m.project(t), QueueName: queue(t), TaskId: rapid.Int64Range(1, 4).Draw(t, "task"),
	}, &connsvcv1.GetConnectivityTestResponse{})
}

func (m *machine) listPrivilegesByObject(t *rapid.T) {
	m.compare(t, "ListPrivilegesByObject",
		&connsvcv1.ListPrivilegesByObjectRequest{ProjectId: m.project(t), Object: "edsconnections." + m.id(t)},
		&connsvcv1.ListPrivilegesByObjectResponse{})
}
