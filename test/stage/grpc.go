package stage

import (
	"context"
	"fmt"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

type grpcDoor struct{ *grpc.ClientConn }

func newGRPCDoor(address string) (Door, error) {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		// gRPC would repeat by itself what no handler has seen.
		grpc.WithDisableRetry(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
	)
	if err != nil {
		return nil, fmt.Errorf("opening the gRPC door: %w", err)
	}
	return grpcDoor{conn}, nil
}

func (grpcDoor) Name() string { return "grpc" }

func (d grpcDoor) Call(ctx context.Context, fullMethod string, req, resp proto.Message) *Refusal {
	err := d.Invoke(ctx, fullMethod, req, resp)
	if err == nil {
		return nil
	}
	st := status.Convert(err)
	r := &Refusal{Code: st.Code(), Message: st.Message()}
	for _, detail := range st.Details() {
		r.add(detail)
	}
	return r
}
