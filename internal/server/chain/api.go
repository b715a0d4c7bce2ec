package chain

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/validation"
)

// api is the service behind the checks of a decoded request. The generated handlers
// of both APIs call it.
type api struct {
	connsvcv1.UnsafeConnectionServiceServer
	service   connsvcv1.ConnectionServiceServer
	validator *validation.Validator
	decisions *decisions
}

// handle checks a decoded request, and passes it to its RPC.
func handle[Request proto.Message, Response any](ctx context.Context, a api, req Request, rpc func(context.Context, Request) (Response, error)) (Response, error) {
	if err := a.check(ctx, req); err != nil {
		var none Response
		return none, err
	}
	return rpc(ctx, req)
}

// check admits a call whose request is decoded, completes the request, and checks it.
func (a api) check(ctx context.Context, req proto.Message) error {
	c := callFrom(ctx)
	c.request = req
	if err := c.admit(); err != nil {
		return err
	}
	if err := c.Transport.Complete(req); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if c.Signed() { // a Transport that did not verify it
		return unauthenticated(nil)
	}
	if err := a.validator.Validate(req); err != nil {
		return err
	}
	if err := a.authorize(ctx, c, req); err != nil {
		return err
	}
	return c.beginAudit(ctx)
}

func (a api) CreateEnhancedConnection(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	resp, err := handle(ctx, a, req, a.service.CreateEnhancedConnection)
	callFrom(ctx).created = resp.GetConnectionId()
	return resp, err
}

func (a api) GetEnhancedConnection(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	return handle(ctx, a, req, a.get)
}

func (a api) ListEnhancedConnections(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	return handle(ctx, a, req, a.service.ListEnhancedConnections)
}

func (a api) DeleteEnhancedConnection(ctx context.Context, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	return handle(ctx, a, req, a.service.DeleteEnhancedConnection)
}

func (a api) UpdateEnhancedConnectionHosts(ctx context.Context, req *connsvcv1.UpdateEnhancedConnectionHostsRequest) (*connsvcv1.UpdateEnhancedConnectionHostsResponse, error) {
	return handle(ctx, a, req, a.service.UpdateEnhancedConnectionHosts)
}

func (a api) AssociateQueues(ctx context.Context, req *connsvcv1.AssociateQueuesRequest) (*connsvcv1.AssociateQueuesResponse, error) {
	return handle(ctx, a, req, a.service.AssociateQueues)
}

func (a api) DisassociateQueues(ctx context.Context, req *connsvcv1.DisassociateQueuesRequest) (*connsvcv1.DisassociateQueuesResponse, error) {
	return handle(ctx, a, req, a.service.DisassociateQueues)
}

func (a api) CreateRoute(ctx context.Context, req *connsvcv1.CreateRouteRequest) (*connsvcv1.CreateRouteResponse, error) {
	return handle(ctx, a, req, a.service.CreateRoute)
}

func (a api) DeleteRoute(ctx context.Context, req *connsvcv1.DeleteRouteRequest) (*connsvcv1.DeleteRouteResponse, error) {
	return handle(ctx, a, req, a.service.DeleteRoute)
}

func (a api) ListPrivileges(ctx context.Context, req *connsvcv1.ListPrivilegesRequest) (*connsvcv1.ListPrivilegesResponse, error) {
	return handle(ctx, a, req, a.service.ListPrivileges)
}

func (a api) UpdatePrivileges(ctx context.Context, req *connsvcv1.UpdatePrivilegesRequest) (*connsvcv1.UpdatePrivilegesResponse, error) {
	return handle(ctx, a, req, a.service.UpdatePrivileges)
}

func (a api) ListPrivilegesByObject(ctx context.Context, req *connsvcv1.ListPrivilegesByObjectRequest) (*connsvcv1.ListPrivilegesByObjectResponse, error) {
	return handle(ctx, a, req, a.service.ListPrivilegesByObject)
}

func (a api) WaitEnhancedConnection(ctx context.Context, req *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	return handle(ctx, a, req, a.service.WaitEnhancedConnection)
}

func (a api) ApplyEnhancedConnection(ctx context.Context, req *connsvcv1.ApplyEnhancedConnectionRequest) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	c := callFrom(ctx)
	c.Record.Creates = c.countCreate
	resp, err := handle(ctx, a, req, a.service.ApplyEnhancedConnection)
	c.recordSteps(resp, err)
	return resp, err
}

func (a api) CompareEnhancedConnection(ctx context.Context, req *connsvcv1.CompareEnhancedConnectionRequest) (*connsvcv1.CompareEnhancedConnectionResponse, error) {
	return handle(ctx, a, req, a.service.CompareEnhancedConnection)
}

func (a api) ListHosts(ctx context.Context, req *connsvcv1.ListHostsRequest) (*connsvcv1.ListHostsResponse, error) {
	return handle(ctx, a, req, a.service.ListHosts)
}

func (a api) AddHosts(ctx context.Context, req *connsvcv1.AddHostsRequest) (*connsvcv1.AddHostsResponse, error) {
	return handle(ctx, a, req, a.service.AddHosts)
}

func (a api) RemoveHosts(ctx context.Context, req *connsvcv1.RemoveHostsRequest) (*connsvcv1.RemoveHostsResponse, error) {
	return handle(ctx, a, req, a.service.RemoveHosts)
}

func (a api) CreateConnectivityTest(ctx context.Context, req *connsvcv1.CreateConnectivityTestRequest) (*connsvcv1.CreateConnectivityTestResponse, error) {
	return handle(ctx, a, req, a.service.CreateConnectivityTest)
}

func (a api) GetConnectivityTest(ctx context.Context, req *connsvcv1.GetConnectivityTestRequest) (*connsvcv1.GetConnectivityTestResponse, error) {
	return handle(ctx, a, req, a.service.GetConnectivityTest)
}

func (a api) WatchEnhancedConnections(req *connsvcv1.WatchEnhancedConnectionsRequest, stream grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	if err := a.check(stream.Context(), req); err != nil {
		return err
	}
	return a.service.WatchEnhancedConnections(req, stream)
}
