package server_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/server"
)

func TestUnknownGRPCMethod(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, method := range []string{"/connsvc.v1.ConnectionService/Nothing", "/nobody.Service/Get", "/a/b/c"} {
		var trailer metadata.MD
		err := b.conn.Invoke(t.Context(), method, &emptypb.Empty{}, &emptypb.Empty{}, grpc.Trailer(&trailer))
		got := grpcResult(t, err, trailer)
		if got.code != "UNIMPLEMENTED" || got.reason != "METHOD_NOT_FOUND" || got.requestID == "" {
			t.Errorf("%s: got %+v", method, got)
		}
		if logged := b.logs.await(t, "call", got.requestID); logged["rpc_method"] != "unknown" || logged["target"] != method {
			t.Errorf("%s: logged %v", method, logged)
		}
	}
}

// TestMalformedMessage sends a string that is no valid UTF-8 where a message is.
func TestMalformedMessage(t *testing.T) {
	b := start(t, &stub{}, setup{})
	var trailer metadata.MD
	err := b.conn.Invoke(t.Context(), connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName,
		wrapperspb.Bytes([]byte{0xff}), &connsvcv1.EnhancedConnection{}, grpc.Trailer(&trailer))
	if got := grpcResult(t, err, trailer); got.code != "INVALID_ARGUMENT" || got.reason != "VALIDATION_FAILED" {
		t.Errorf("got %+v", got)
	}
}

// TestMessageThatNeverComes opens a call and sends nothing: it ends with the
// longest that a call may take, and its place is free again.
func TestMessageThatNeverComes(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) {
		shortCalls(c)
		c.Limits.MaxCalls = 1
	}})
	stream, err := b.conn.NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(&connsvcv1.EnhancedConnection{}); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("got %v", err)
	}
	b.logs.await(t, "call", stream.Trailer().Get("x-request-id")[0])
	if got := createGRPC(t, b, createRequest(), nil); got.code != "OK" {
		t.Errorf("afterwards: got %+v", got)
	}
}

func TestHealth(t *testing.T) {
	b := start(t, &stub{}, setup{})
	client := healthv1.NewHealthClient(b.conn)
	for _, service := range []string{"", "connsvc.v1.ConnectionService"} {
		got, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: service}, grpc.WaitForReady(true))
		if err != nil || got.GetStatus() != healthv1.HealthCheckResponse_SERVING {
			t.Errorf("%q: got %v, %v", service, got, err)
		}
	}
	if _, err := client.Check(t.Context(), &healthv1.HealthCheckRequest{Service: "nobody"}); status.Code(err) != codes.NotFound {
		t.Errorf("a service that is not there: got %v", err)
	}
	all, err := client.List(t.Context(), &healthv1.HealthListRequest{})
	if err != nil || len(all.GetStatuses()) != 2 || all.GetStatuses()["connsvc.v1.ConnectionService"].GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Errorf("List: got %v, %v", all, err)
	}
	b.awaitMetricOf(t, "2", "rpc_server_call_duration_seconds_count", map[string]string{"rpc_method": "grpc.health.v1.Health/Check", "rpc_response_status_code": "OK"})
	for _, logged := range b.logs.lines(t) {
		if logged["msg"] == "call" {
			t.Errorf("a probe is in the access log: %v", logged)
		}
	}
}

func reflectServices(ctx context.Context, conn *grpc.ClientConn) ([]string, error) {
	stream, err := reflectionv1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil && !errors.Is(err, io.EOF) {
		return nil, err // io.EOF: the stream has ended already, and Recv says why
	}
	answer, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range answer.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	return names, nil
}

func TestReflection(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := start(t, &stub{}, setup{options: func(o *server.Options) { o.Reflection = true }})
	names, err := reflectServices(ctx, b.conn)
	if err != nil || !slices.Contains(names, "connsvc.v1.ConnectionService") {
		t.Errorf("got %v, %v", names, err)
	}
	without := start(t, &stub{}, setup{})
	if _, err := reflectServices(ctx, without.conn); status.Code(err) != codes.Unimplemented {
		t.Errorf("nobody asked for reflection: got %v", err)
	}
}
