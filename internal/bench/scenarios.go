package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

func scenarios(conn *grpc.ClientConn) []scenario {
	client := connsvcv1.NewConnectionServiceClient(conn)
	large := map[string]string{"gRPC": "at most 10ms", "REST": "at most 15ms"}
	return []scenario{
		createOf(client, 2, 400, 8, map[string]string{"gRPC": "at most 1.2", "REST": "at most 1.3"}),
		createOf(client, 20000, 40, 1, large),
		getOf(client, large),
		listOf(client, large),
	}
}

func createOf(client connsvcv1.ConnectionServiceClient, hosts, calls, turns int, target map[string]string) scenario {
	template, body := createRequest(hosts), requestBody(hosts)
	before, after, _ := bytes.Cut(body, []byte(`"name":"test"`))
	return scenario{
		name: fmt.Sprintf("create, %d hosts", hosts), calls: calls, turns: turns, target: target,
		rest: func(n int64) (string, string, []byte) {
			name := fmt.Appendf(nil, `"name":"test%d"`, n)
			return http.MethodPost, collection, bytes.Join([][]byte{before, name, after}, nil)
		},
		grpc: func(ctx context.Context, n int64) error {
			_, err := client.CreateEnhancedConnection(ctx, &connsvcv1.CreateEnhancedConnectionRequest{
				ProjectId: projectID, Name: fmt.Sprintf("test%d", n), DestVpcId: template.GetDestVpcId(),
				DestNetworkId: template.GetDestNetworkId(), Queues: template.GetQueues(), Hosts: template.GetHosts(),
			})
			return err
		},
	}
}

func getOf(client connsvcv1.ConnectionServiceClient, target map[string]string) scenario {
	id := func(n int64) string { return fmt.Sprintf("2a620c33-5609-40c9-affd-%012d", n) }
	return scenario{
		name: "get, 20000 hosts", calls: 40, turns: 1, target: target,
		restWire: len(newStubDLI().got), grpcWire: proto.Size(largeConnection()),
		rest: func(n int64) (string, string, []byte) { return http.MethodGet, collection + "/" + id(n), nil },
		grpc: func(ctx context.Context, n int64) error {
			_, err := client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: id(n)})
			return err
		},
	}
}

func listOf(client connsvcv1.ConnectionServiceClient, target map[string]string) scenario {
	return scenario{
		name: "list, 20000 hosts", calls: 40, turns: 1, target: target,
		restWire: len(newStubDLI().listed), grpcWire: proto.Size(largeList()),
		rest: func(n int64) (string, string, []byte) {
			return http.MethodGet, fmt.Sprintf("%s?offset=%d", collection, n), nil
		},
		grpc: func(ctx context.Context, n int64) error {
			_, err := client.ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectID, Offset: int32(n)})
			return err
		},
	}
}
