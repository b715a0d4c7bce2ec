package service_test

import (
	"context"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
)

const (
	projectID    = "48cc2c48765f481480c7db940d6409d1"
	connectionID = "503fc86a-5e60-4349-92c2-7e399404fa8a"
	object       = "edsconnections." + connectionID
	networkID    = "fd0a4a6c-8ba3-4a4c-a9ac-ed3e3cdd2e6b"
	vpcID        = "22094d8f-c310-4621-913d-4c4d655d8495"
)

// plain is what a DLI is of which nothing is said: it makes creates safe as by
// default, and its clock is not known.
type plain struct{}

func (plain) Idempotency() *configv1.Idempotency { return nil }

func (plain) Skew() (time.Duration, bool) { return 0, false }

func (plain) UniqueNames() bool      { return false }
func (plain) RecordUniqueNames(bool) {}

func (plain) CallersOwn() bool                { return false }
func (plain) Polling() *configv1.Polling      { return nil }
func (plain) AwaitPoll(context.Context) error { return nil }
func (plain) AwaitTest(context.Context) error { return nil }

// A received is one call that a scripted DLI received.
type received struct {
	Method string
	Req    proto.Message
}

// scripted is a DLI that gives the responses of a script, in order, and records
// what it was asked. Each answer is an error or a message.
type scripted struct {
	plain
	t       *testing.T
	answers []any
	calls   []received
}

func (d *scripted) For(string) (*scripted, error) { return d, nil }

func (d *scripted) Call(_ context.Context, method string, req, resp proto.Message) error {
	d.calls = append(d.calls, received{method, proto.Clone(req)})
	if len(d.answers) == 0 {
		d.t.Errorf("unexpected call of %s", method)
		return nil
	}
	answer := d.answers[0]
	d.answers = d.answers[1:]
	switch a := answer.(type) {
	case error:
		return a
	case proto.Message:
		proto.Merge(resp, a)
	}
	return nil
}

// Idempotency lets a create look once, and no more, for what it made: the pause after a look is
// longer.
func (d *scripted) Idempotency() *configv1.Idempotency { return within(50 * time.Millisecond) }

type dli interface {
	create.DLI
	waiting.DLI
}

// newService makes a service over a DLI.
func newService[D dli](tb testing.TB, router interface{ For(string) (D, error) }) *service.Service {
	tb.Helper()
	creates, err := create.New(noop.Meter{})
	if err != nil {
		tb.Fatal(err)
	}
	waits, err := waiting.New(router, noop.Meter{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(waits.Close)
	return service.New(router, creates, waits)
}

func within(d time.Duration) *configv1.Idempotency {
	return &configv1.Idempotency{ReconcileTimeout: durationpb.New(d)}
}

// script makes a service over a DLI that gives these answers; all must be used.
func script(t *testing.T, answers ...any) (*service.Service, *scripted) {
	t.Helper()
	d := &scripted{t: t, answers: answers}
	t.Cleanup(func() {
		if len(d.answers) > 0 {
			t.Errorf("%d answers of DLI were not asked for", len(d.answers))
		}
	})
	return newService(t, d), d
}

// A rpc is one RPC with a request that is about connectionID, where it has one.
type rpc struct {
	name string
	do   func(context.Context, *service.Service) (proto.Message, error)
}

func rpcOf[Req, Resp proto.Message](name string, f func(*service.Service, context.Context, Req) (Resp, error), req Req) rpc {
	return rpc{name, func(ctx context.Context, s *service.Service) (proto.Message, error) {
		resp, err := f(s, ctx, req)
		return resp, err
	}}
}

func createRequest() *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId: projectID, Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID,
		Queues: []string{"q1", "q2"}, ElasticResourcePools: []string{"p1"},
		Hosts: []*connsvcv1.Host{{Name: "ecs-1", Ip: "192.168.0.1"}, {Name: "ecs-2", Ip: "192.168.0.2"}},
	}
}

var (
	createConnection = rpcOf("create", (*service.Service).CreateEnhancedConnection, createRequest())
	list             = rpcOf("list", (*service.Service).ListEnhancedConnections,
		&connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID})
	get = rpcOf("get", (*service.Service).GetEnhancedConnection,
		&connsvcv1.GetEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: connectionID})
	remove = rpcOf("delete", (*service.Service).DeleteEnhancedConnection,
		&connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: connectionID})
	hosts = rpcOf("hosts", (*service.Service).UpdateEnhancedConnectionHosts,
		&connsvcv1.UpdateEnhancedConnectionHostsRequest{ProjectId: projectID, ConnectionId: connectionID})
	associate = rpcOf("associate", (*service.Service).AssociateQueues, &connsvcv1.AssociateQueuesRequest{
		ProjectId: projectID, ConnectionId: connectionID, Queues: []string{"q1", "q2"}, ElasticResourcePools: []string{"p1"},
	})
	disassociate = rpcOf("disassociate", (*service.Service).DisassociateQueues, &connsvcv1.DisassociateQueuesRequest{
		ProjectId: projectID, ConnectionId: connectionID, Queues: []string{"q1"},
	})
	createRoute = rpcOf("create route", (*service.Service).CreateRoute,
		&connsvcv1.CreateRouteRequest{ProjectId: projectID, ConnectionId: connectionID, Name: "r1", Cidr: "10.169.0.0/24"})
	deleteRoute = rpcOf("delete route", (*service.Service).DeleteRoute,
		&connsvcv1.DeleteRouteRequest{ProjectId: projectID, ConnectionId: connectionID, Name: "r1"})
	listPrivileges = rpcOf("list privileges", (*service.Service).ListPrivileges,
		&connsvcv1.ListPrivilegesRequest{ProjectId: projectID, ConnectionId: connectionID})
	updatePrivileges = rpcOf("update privileges", (*service.Service).UpdatePrivileges, &connsvcv1.UpdatePrivilegesRequest{
		ProjectId: projectID, GranteeProjectId: "grantee", Action: "grant",
		Privileges: []*connsvcv1.UpdatePrivilegesRequest_ObjectPrivileges{{Object: object, Privileges: []string{"BIND_QUEUE"}}},
	})
	listPrivilegesByObject = rpcOf("list privileges by object", (*service.Service).ListPrivilegesByObject,
		&connsvcv1.ListPrivilegesByObjectRequest{ProjectId: projectID, Object: object})
	createTest = rpcOf("create connectivity test", (*service.Service).CreateConnectivityTest,
		&connsvcv1.CreateConnectivityTestRequest{ProjectId: projectID, QueueName: "q1", Address: "db.example.com:5432"})
	getTest = rpcOf("get connectivity test", (*service.Service).GetConnectivityTest,
		&connsvcv1.GetConnectivityTestRequest{ProjectId: projectID, QueueName: "q1", TaskId: 1})
)

// aboutConnection are the RPCs that name a connection.
func aboutConnection() []rpc {
	return []rpc{
		get, remove, hosts, associate, disassociate, createRoute, deleteRoute,
		listPrivileges, updatePrivileges, listPrivilegesByObject,
	}
}
