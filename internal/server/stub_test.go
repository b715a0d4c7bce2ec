package server_test

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	project    = "48cc2c48765f481480c7db940d6409d1"
	connection = "2a620c33-5609-40c9-affd-2b6453071b0f"
	vpc        = "22094d8f-c310-4621-913d-4c4d655d8495"
	network    = "78f2562a-36e4-4b39-95b9-f5aab22e1281"

	connections = "/v2.0/" + project + "/datasource/enhanced-connections"
	tests       = "/v1.0/" + project + "/queues/q1/connection-test"
)

// stub is a service of which every RPC succeeds, or ends as on says.
type stub struct {
	connsvcv1.UnimplementedConnectionServiceServer
	on    func(ctx context.Context, req proto.Message) error // may be nil
	hosts []*connsvcv1.Host                                  // of the connection that Get returns
	// watch is WatchEnhancedConnections; may be nil.
	watch func(ctx context.Context, req *connsvcv1.WatchEnhancedConnectionsRequest, send func(*connsvcv1.WatchEnhancedConnectionsResponse) error) error
}

func answer[T proto.Message](ctx context.Context, s *stub, req proto.Message, answer T) (T, error) {
	if s.on != nil {
		if err := s.on(ctx, req); err != nil {
			var none T
			return none, err
		}
	}
	return answer, nil
}

func (s *stub) CreateEnhancedConnection(ctx context.Context, req *connsvcv1.CreateEnhancedConnectionRequest) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	return answer(ctx, s, req, &connsvcv1.CreateEnhancedConnectionResponse{IsSuccess: true, ConnectionId: connection})
}

func (s *stub) GetEnhancedConnection(ctx context.Context, req *connsvcv1.GetEnhancedConnectionRequest) (*connsvcv1.EnhancedConnection, error) {
	return answer(ctx, s, req, &connsvcv1.EnhancedConnection{Id: req.GetConnectionId(), Hosts: s.hosts})
}

func (s *stub) ListEnhancedConnections(ctx context.Context, req *connsvcv1.ListEnhancedConnectionsRequest) (*connsvcv1.ListEnhancedConnectionsResponse, error) {
	return answer(ctx, s, req, &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true})
}

func (s *stub) DeleteEnhancedConnection(ctx context.Context, req *connsvcv1.DeleteEnhancedConnectionRequest) (*connsvcv1.DeleteEnhancedConnectionResponse, error) {
	return answer(ctx, s, req, &connsvcv1.DeleteEnhancedConnectionResponse{IsSuccess: true})
}

func (s *stub) UpdateEnhancedConnectionHosts(ctx context.Context, req *connsvcv1.UpdateEnhancedConnectionHostsRequest) (*connsvcv1.UpdateEnhancedConnectionHostsResponse, error) {
	return answer(ctx, s, req, &connsvcv1.UpdateEnhancedConnectionHostsResponse{IsSuccess: true})
}

func (s *stub) AssociateQueues(ctx context.Context, req *connsvcv1.AssociateQueuesRequest) (*connsvcv1.AssociateQueuesResponse, error) {
	return answer(ctx, s, req, &connsvcv1.AssociateQueuesResponse{IsSuccess: true})
}

func (s *stub) DisassociateQueues(ctx context.Context, req *connsvcv1.DisassociateQueuesRequest) (*connsvcv1.DisassociateQueuesResponse, error) {
	return answer(ctx, s, req, &connsvcv1.DisassociateQueuesResponse{IsSuccess: true})
}

func (s *stub) CreateRoute(ctx context.Context, req *connsvcv1.CreateRouteRequest) (*connsvcv1.CreateRouteResponse, error) {
	return answer(ctx, s, req, &connsvcv1.CreateRouteResponse{IsSuccess: true})
}

func (s *stub) DeleteRoute(ctx context.Context, req *connsvcv1.DeleteRouteRequest) (*connsvcv1.DeleteRouteResponse, error) {
	return answer(ctx, s, req, &connsvcv1.DeleteRouteResponse{IsSuccess: true})
}

func (s *stub) ListPrivileges(ctx context.Context, req *connsvcv1.ListPrivilegesRequest) (*connsvcv1.ListPrivilegesResponse, error) {
	return answer(ctx, s, req, &connsvcv1.ListPrivilegesResponse{IsSuccess: true})
}

func (s *stub) UpdatePrivileges(ctx context.Context, req *connsvcv1.UpdatePrivilegesRequest) (*connsvcv1.UpdatePrivilegesResponse, error) {
	return answer(ctx, s, req, &connsvcv1.UpdatePrivilegesResponse{IsSuccess: true})
}

func (s *stub) ListPrivilegesByObject(ctx context.Context, req *connsvcv1.ListPrivilegesByObjectRequest) (*connsvcv1.ListPrivilegesByObjectResponse, error) {
	return answer(ctx, s, req, &connsvcv1.ListPrivilegesByObjectResponse{IsSuccess: true})
}

func (s *stub) CreateConnectivityTest(ctx context.Context, req *connsvcv1.CreateConnectivityTestRequest) (*connsvcv1.CreateConnectivityTestResponse, error) {
	return answer(ctx, s, req, &connsvcv1.CreateConnectivityTestResponse{IsSuccess: true, TaskId: 9})
}

func (s *stub) GetConnectivityTest(ctx context.Context, req *connsvcv1.GetConnectivityTestRequest) (*connsvcv1.GetConnectivityTestResponse, error) {
	return answer(ctx, s, req, &connsvcv1.GetConnectivityTestResponse{IsSuccess: true, Connectivity: "REACHABLE"})
}

func (s *stub) WaitEnhancedConnection(ctx context.Context, req *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	return answer(ctx, s, req, &connsvcv1.WaitEnhancedConnectionResponse{IsSuccess: true, Reached: connsvcv1.WaitEnhancedConnectionResponse_READY})
}

func (s *stub) WatchEnhancedConnections(req *connsvcv1.WatchEnhancedConnectionsRequest, stream grpc.ServerStreamingServer[connsvcv1.WatchEnhancedConnectionsResponse]) error {
	if s.on != nil {
		if err := s.on(stream.Context(), req); err != nil {
			return err
		}
	}
	if s.watch == nil {
		return nil
	}
	return s.watch(stream.Context(), req, stream.Send)
}
