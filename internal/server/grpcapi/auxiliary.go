package grpcapi

import (
	"context"
	"math"
	"strings"
	"time"

	"google.golang.org/grpc"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/auth"
)

// tap gives a stream the context of a call before anything of it is read: the
// transport's own context ends a wait for a message that does not come. Health and
// reflection have none; they end when the server begins to stop.
func (s *Server) tap(ctx context.Context, info *tap.Info) (context.Context, error) {
	if s.auxiliary[info.FullMethodName] {
		return s.tapAuxiliary(ctx, info)
	}
	// gRPC cancels the parent as the stream ends, and this context with it.
	ctx, cancel := s.chain.WithDeadline(ctx, strings.TrimPrefix(info.FullMethodName, "/"))
	return newArrival(ctx, cancel, s.messageTimeout), nil
}

// tapAuxiliary bounds the calls of health and reflection, which anyone may leave open. A
// check is one message, which must come in time.
func (s *Server) tapAuxiliary(ctx context.Context, info *tap.Info) (context.Context, error) {
	end, err := s.chain.BeginAuxiliary(peerOf(ctx))
	if err != nil {
		return ctx, apierror.From(err).GRPCStatus().Err()
	}
	timeout := s.messageTimeout
	if info.FullMethodName != healthv1.Health_Check_FullMethodName {
		timeout = math.MaxInt64
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	unlink := context.AfterFunc(s.stopping, cancel)
	context.AfterFunc(ctx, func() { unlink(); end() })
	return ctx, nil
}

func (s *Server) observeUnary(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (resp any, err error) {
	err = s.observe(ctx, info.FullMethod, func() error {
		resp, err = handler(ctx, req)
		return err
	})
	return resp, err
}

func (s *Server) observeStream(srv any, stream grpc.ServerStream, info *grpc.StreamServerInfo, handler grpc.StreamHandler) error {
	if !s.auxiliary[info.FullMethod] {
		return handler(srv, stream) // the chain observes it
	}
	return s.observe(stream.Context(), info.FullMethod, func() error { return handler(srv, stream) })
}

// observe authenticates and measures a call of health or reflection. None is in the access
// log: probes would flood it.
func (s *Server) observe(ctx context.Context, fullMethod string, handle func() error) error {
	start := time.Now()
	if conn := connectionOf(ctx); conn != nil {
		conn.served.Add(1)
	}
	err := s.authenticate(ctx, fullMethod)
	if err == nil {
		err = handle()
	}
	s.chain.Metrics.RecordAuxiliary(ctx, strings.TrimPrefix(fullMethod, "/"), status.Code(err), time.Since(start))
	return err
}

// authenticate checks the caller of a method of health or reflection.
func (s *Server) authenticate(ctx context.Context, fullMethod string) error {
	what := configv1.Auth_REFLECTION
	if strings.HasPrefix(fullMethod, "/"+healthv1.Health_ServiceDesc.ServiceName+"/") {
		what = configv1.Auth_HEALTH
	}
	err := s.chain.AuthenticateAuxiliary(ctx, what, func() auth.Credentials { return credentialsOf(ctx) })
	if err != nil {
		return apierror.From(err).GRPCStatus().Err()
	}
	return nil
}
