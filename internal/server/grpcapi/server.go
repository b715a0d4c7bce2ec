// Package grpcapi serves the contract over gRPC, natively, with health and reflection
// beside it. What a call passes is the chain's; here is what only gRPC's transport
// knows of it.
package grpcapi

import (
	"context"
	"crypto/tls"
	"log/slog"
	"math"
	"net"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/reflection"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/buffers"
	"github.com/connsvc/connsvc/internal/server/chain"
	"github.com/connsvc/connsvc/internal/server/refused"
)

const (
	// maxAuxiliaryBytes is the largest message of health and reflection.
	maxAuxiliaryBytes = 64 << 10
	// maxStreams is how many calls of one connection are in flight: as many as the HTTP/2
	// specification recommends at least. Clients with more open another connection.
	maxStreams = 100
	// streamWindow is what a caller may send of a call before it is read and so counted.
	streamWindow, connectionWindow = 64 << 10, 1 << 20
	// readBuffer is what a connection reads at once of small frames; larger ones bypass it.
	readBuffer = 4 << 10
	// streamWorkers is how many goroutines wait for calls: their stacks have grown
	// already. Where all are busy a call gets a goroutine of its own.
	streamWorkers = 32
)

// Options are what New needs beside the chain and the limits.
type Options struct {
	TLS            *tls.Config // nil for plaintext
	Reflection     bool        // serve gRPC reflection
	MaxHeaderBytes uint32      // of one request
	// ReplyTime is how much longer than a call its connection may live, to send the
	// response.
	ReplyTime time.Duration
	// MessageTimeout is how long the server waits for more of a message.
	MessageTimeout time.Duration
	// Refused records what grpc-go rejects itself.
	Refused *refused.Recorder
}

// A Server is the gRPC API.
type Server struct {
	chain     *chain.Chain
	buffers   buffers.Pool // for responses
	limits    *configv1.Limits
	server    *grpc.Server
	health    *health.Server
	auxiliary map[string]bool // full names of the methods of health and reflection

	connections    *connections
	messageTimeout time.Duration
	stopping       context.Context // done when Stop begins
	setStop        context.CancelFunc
}

// New makes the server; it does not listen yet.
func New(ch *chain.Chain, l *configv1.Limits, o Options) *Server {
	s := &Server{
		chain: ch, limits: l, health: health.NewServer(), auxiliary: map[string]bool{},
		connections:    &connections{timeout: o.MessageTimeout, refused: o.Refused, open: make(map[*connection]struct{})},
		messageTimeout: o.MessageTimeout,
	}
	s.stopping, s.setStop = context.WithCancel(context.Background())
	s.server = grpc.NewServer(s.options(o)...)
	healthv1.RegisterHealthServer(s.server, s.health)
	if o.Reflection {
		reflection.Register(s.server)
	}
	for name, info := range s.server.GetServiceInfo() {
		for _, method := range info.Methods {
			s.auxiliary["/"+name+"/"+method.Name] = true
		}
	}
	s.server.RegisterService(s.serviceDesc(), ch.API)
	s.SetServing(false)
	return s
}

func (s *Server) options(o Options) []grpc.ServerOption {
	options := []grpc.ServerOption{
		grpc.ForceServerCodecV2(newFrameCodec()),
		grpc.MaxRecvMsgSize(maxAuxiliaryBytes), // exchange.read bounds requests
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connectionWindow),
		grpc.MaxSendMsgSize(math.MaxInt32), // reply bounds responses
		grpc.MaxHeaderListSize(o.MaxHeaderBytes),
		// An idle connection keeps it.
		grpc.ReadBufferSize(readBuffer),
		grpc.NumStreamWorkers(streamWorkers),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			MaxConnectionIdle: 15 * time.Minute, Time: time.Minute, Timeout: 20 * time.Second,
			// The grace lets every call in flight complete.
			MaxConnectionAge:      s.limits.GetMaxConnectionAge().AsDuration(),
			MaxConnectionAgeGrace: chain.LongestCall(s.limits) + o.ReplyTime,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.InTapHandle(s.tap),
		grpc.UnaryInterceptor(s.observeUnary),
		grpc.StreamInterceptor(s.observeStream),
		grpc.UnknownServiceHandler(s.serveUnknown),
	}
	creds := insecure.NewCredentials()
	if o.TLS != nil {
		creds = credentials.NewTLS(o.TLS)
	}
	return append(options, grpc.Creds(tracking{creds, s.connections}))
}

// serviceDesc describes the service as streams, also its unary RPCs, which carry one message
// each way: so a call is admitted before its request is read.
func (s *Server) serviceDesc() *grpc.ServiceDesc {
	own := connsvcv1.ConnectionService_ServiceDesc
	desc := &grpc.ServiceDesc{ServiceName: own.ServiceName, HandlerType: own.HandlerType, Metadata: own.Metadata}
	for _, rpc := range own.Methods {
		method := own.ServiceName + "/" + rpc.MethodName
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: rpc.MethodName,
			Handler:    func(_ any, stream grpc.ServerStream) error { return s.serve(stream, method, unary(rpc.Handler)) },
		})
	}
	for _, rpc := range own.Streams {
		method := own.ServiceName + "/" + rpc.StreamName
		desc.Streams = append(desc.Streams, grpc.StreamDesc{
			StreamName: rpc.StreamName, ServerStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return s.serve(stream, method, events(rpc.Handler)) },
		})
	}
	return desc
}

// SetServing sets what health checks are answered.
func (s *Server) SetServing(serving bool) {
	state := healthv1.HealthCheckResponse_NOT_SERVING
	if serving {
		state = healthv1.HealthCheckResponse_SERVING
	}
	s.health.SetServingStatus("", state)
	s.health.SetServingStatus(connsvcv1.ConnectionService_ServiceDesc.ServiceName, state)
}

// Serve accepts connections until Stop. It returns nil, or why it ended by itself.
func (s *Server) Serve(l net.Listener) error {
	ctx, cancel := context.WithCancel(context.Background())
	var watching sync.WaitGroup
	watching.Go(func() { s.connections.watch(ctx) })
	defer watching.Wait()
	defer cancel()
	return s.server.Serve(l)
}

// Close ends a server that does not serve.
func (s *Server) Close() { s.server.Stop() }

// Stop lets the calls in flight complete, and cuts them when ctx ends. It returns when
// their handlers have: GracefulStop also waits for those that Stop has cut.
func (s *Server) Stop(ctx context.Context, log *slog.Logger) {
	s.setStop()
	s.connections.stopping.Store(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.server.GracefulStop()
	}()
	select {
	case <-done:
	case <-ctx.Done():
		log.WarnContext(ctx, "cutting gRPC calls that did not complete in time")
		s.server.Stop()
		<-done
	}
}
