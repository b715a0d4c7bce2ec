package server

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

const (
	maxHeaderBytes = 64 << 10 // of one request, on both doors
	// moreThanLimit is how much larger than the limit, in bytes, a message may be to
	// have details in its refusal.
	moreThanLimit = 1 << 20
	// streamWorkers is how many goroutines wait for calls: one that is there has a
	// stack already. Where all are busy a call has one of its own.
	streamWorkers = 32
)

// grpcDoor serves the contract over gRPC, and health and reflection beside it.
type grpcDoor struct {
	dispatcher *dispatcher
	metrics    *metrics
	codec      frameCodec
	limits     *configv1.Limits
	server     *grpc.Server
	health     *health.Server
	bystanders map[string]bool // full names of the methods of health and reflection

	draining context.Context
	drain    context.CancelFunc
}

func newGRPCDoor(d *dispatcher, m *metrics, l *configv1.Limits, secured *tls.Config, reflect bool) *grpcDoor {
	g := &grpcDoor{dispatcher: d, metrics: m, codec: newFrameCodec(), limits: l, health: health.NewServer(), bystanders: map[string]bool{}}
	g.draining, g.drain = context.WithCancel(context.Background())
	options := g.options()
	if secured != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secured)))
	}
	g.server = grpc.NewServer(options...)
	healthv1.RegisterHealthServer(g.server, g.health)
	if reflect {
		reflection.Register(g.server)
	}
	for name, info := range g.server.GetServiceInfo() {
		for _, method := range info.Methods {
			g.bystanders["/"+name+"/"+method.Name] = true
		}
	}
	desc := g.serviceDesc()
	g.server.RegisterService(&desc, d.service)
	g.setServing(false)
	return g
}

func (g *grpcDoor) options() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(g.codec),
		// gRPC refuses what is beyond its own limit with a bare status. What is little
		// larger than the limit is read to be refused with the details of ours, and no
		// more: it is in memory before any limit of ours counts it.
		grpc.MaxRecvMsgSize(int(g.limits.GetMaxRequestBytes() + moreThanLimit)),
		grpc.MaxSendMsgSize(math.MaxInt32), // the chain bounds answers
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.MaxConcurrentStreams(uint32(max(g.limits.GetMaxCalls(), 100))), //nolint:gosec // it is at least 100
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: 15 * time.Minute, Time: time.Minute, Timeout: 20 * time.Second,
			// No call in flight is cut for it: none lasts longer than the grace.
			MaxConnectionAge:      g.limits.GetMaxConnectionAge().AsDuration(),
			MaxConnectionAgeGrace: g.limits.GetCallTimeout().AsDuration() + transferGrace,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.InTapHandle(g.tap),
		grpc.UnaryInterceptor(g.watchUnary),
		grpc.StreamInterceptor(g.watchStream),
		grpc.UnknownServiceHandler(g.serveUnknown),
	}
}

// serviceDesc describes the service as streams that happen to bear one message
// each way: so the chain, not gRPC, says when the request is read.
func (g *grpcDoor) serviceDesc() grpc.ServiceDesc {
	own := connsvcv1.ConnectionService_ServiceDesc
	desc := grpc.ServiceDesc{ServiceName: own.ServiceName, HandlerType: own.HandlerType, Metadata: own.Metadata}
	for _, rpc := range own.Methods {
		method := own.ServiceName + "/" + rpc.MethodName
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: rpc.MethodName,
			Handler: func(_ any, stream grpc.ServerStream) error {
				c := g.newCall(stream, method)
				return statusOf(c, g.dispatcher.serve(stream.Context(), c, rpc))
			},
		})
	}
	return desc
}

func (g *grpcDoor) newCall(stream grpc.ServerStream, method string) *call {
	return &call{door: doorGRPC, method: method, wire: &grpcCall{
		stream: stream, codec: g.codec, maxIn: g.limits.GetMaxRequestBytes(), maxOut: g.limits.GetMaxResponseBytes(),
	}}
}

func (g *grpcDoor) serveUnknown(_ any, stream grpc.ServerStream) error {
	c := g.newCall(stream, unknownMethod)
	c.target, _ = grpc.MethodFromServerStream(stream)
	why := apierror.New(connsvcv1.ErrorReason_METHOD_NOT_FOUND, "", nil)
	return statusOf(c, g.dispatcher.refuse(stream.Context(), c, why))
}

// statusOf returns the error as gRPC sends it.
func statusOf(c *call, err error) error {
	if err == nil {
		return nil
	}
	return c.failure.GRPCStatus().Err()
}

func (g *grpcDoor) setServing(serving bool) {
	state := healthv1.HealthCheckResponse_NOT_SERVING
	if serving {
		state = healthv1.HealthCheckResponse_SERVING
	}
	g.health.SetServingStatus("", state)
	g.health.SetServingStatus(connsvcv1.ConnectionService_ServiceDesc.ServiceName, state)
}

func (g *grpcDoor) serve(l net.Listener) error { return g.server.Serve(l) }

// stop lets the calls in flight complete, and cuts them when ctx ends. It returns
// when their handlers have: GracefulStop waits for those that Stop cut.
func (g *grpcDoor) stop(ctx context.Context, log *slog.Logger) {
	g.drain()
	done := make(chan struct{})
	go func() {
		defer close(done)
		g.server.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		log.WarnContext(ctx, "cutting gRPC calls that did not complete in time")
		g.server.Stop()
		<-done
	}
}
