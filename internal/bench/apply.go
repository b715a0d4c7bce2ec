package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"

	"google.golang.org/grpc"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const applyName = "apply of no change, 20000 hosts"

// applyRows compares an apply that changes nothing with a get of the same connection, over
// the same API: both read it from DLI once, the apply takes 20,000 hosts, the get returns them.
// "In another order" is the worst case of the comparison.
func applyRows(stage *stage, conn *grpc.ClientConn, rounds int) ([]row, error) {
	client := connsvcv1.NewConnectionServiceClient(conn)
	get := getOf(client, nil)
	var rows []row
	for _, reversed := range []bool{false, true} {
		apply := applyOf(client, reversed)
		for _, api := range []struct {
			name       string
			apply, get call
		}{
			{"gRPC ", apply.grpc, get.grpc},
			{"REST ", apply.over(stage.restURL), get.over(stage.restURL)},
		} {
			var samples []sample
			for turn := range rounds + 1 {
				var s sample
				var err error
				if s.theirs, err = stage.measure(stage.connsvc, get.calls, api.get); err != nil {
					return nil, err
				}
				if s.ours, err = stage.measure(stage.connsvc, get.calls, api.apply); err != nil {
					return nil, err
				}
				if turn > 0 {
					samples = append(samples, s)
				}
			}
			rows = append(rows, compared(api.name+apply.name, "get", "at most 1.5", samples))
		}
	}
	return rows, nil
}

func applyOf(client connsvcv1.ConnectionServiceClient, reversed bool) scenario {
	request := createRequest(20000)
	hosts, name := request.GetHosts(), applyName
	if reversed {
		hosts, name = slices.Clone(hosts), applyName+" in another order"
		slices.Reverse(hosts)
	}
	var body bytes.Buffer
	for i, h := range hosts {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"name":%q,"ip":%q}`, h.GetName(), h.GetIp())
	}
	return scenario{
		name: name,
		rest: func(n int64) (string, string, []byte) {
			return http.MethodPost, "/connsvc/v1/" + projectID + "/enhanced-connections:apply", fmt.Appendf(nil,
				`{"connection":{"name":"test%d","dest_vpc_id":%q,"dest_network_id":%q,"hosts":[%s]}}`, n, request.GetDestVpcId(), request.GetDestNetworkId(), body.Bytes())
		},
		grpc: func(ctx context.Context, n int64) error {
			resp, err := client.ApplyEnhancedConnection(ctx, &connsvcv1.ApplyEnhancedConnectionRequest{
				ProjectId: projectID, Connection: &connsvcv1.EnhancedConnectionSpec{
					Name: fmt.Sprintf("test%d", n), DestVpcId: request.GetDestVpcId(), DestNetworkId: request.GetDestNetworkId(), Hosts: hosts,
				},
			})
			if err == nil && resp.GetChanged() {
				err = fmt.Errorf("it was changed: %v", resp)
			}
			return err
		},
	}
}
