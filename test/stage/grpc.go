package stage

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type grpcClient struct{ *grpc.ClientConn }

func newGRPCClient(address string) (Client, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// By default gRPC retries calls that no handler has seen.
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
	)
	if err != nil {
		return nil, fmt.Errorf("creating the gRPC client: %w", err)
	}
	return grpcClient{conn}, nil
}

func (grpcClient) Name() string { return "grpc" }

func (c grpcClient) Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Failure {
	err := c.Invoke(ctx, fullMethod, req, resp)
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	r := &Failure{Code: st.Code(), Message: st.Message()}
	for _, detail := range st.Details() {
		r.add(detail)
	}
	return r
}
