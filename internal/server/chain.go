package server

import (
	"context"

	"google.golang.org/grpc"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// A dispatcher passes the calls of both doors through the chain to the service.
type dispatcher struct {
	service  any
	observed grpc.UnaryServerInterceptor // the part that every call passes
	whole    grpc.UnaryServerInterceptor
}

// newDispatcher lays the chain, outermost first: the order is the design.
func newDispatcher(o Options, m *metrics, limit *configv1.Limits) *dispatcher {
	log := o.Telemetry.Log
	inFlight := &limits{maxCalls: int64(limit.GetMaxCalls()), maxBytes: limit.GetMaxCallsBytes()}
	observing := []grpc.UnaryServerInterceptor{
		traces{o.Telemetry.Tracer}.intercept,
		requestID,
		m.intercept,
		newAccessLog(log).intercept,
		refusal,
		recovery{log}.intercept,
	}
	admitting := []grpc.UnaryServerInterceptor{
		// Authentication goes here: of a caller that nobody knows no body is read.
		callerToken,
		inFlight.intercept,
		transfer,
		validate(o.Validator),
		// Authorization goes here: it sees the valid, typed request.
	}
	return &dispatcher{
		service:  o.Service,
		observed: compose(observing),
		whole:    compose(append(observing, admitting...)),
	}
}

// serve passes the call c of an RPC through the whole chain.
func (d *dispatcher) serve(ctx context.Context, c *call, rpc grpc.MethodDesc) error {
	_, err := rpc.Handler(d.service, withCall(ctx, c), c.note, d.whole)
	return err
}

// refuse passes a call that no RPC takes through the observing part of the chain.
func (d *dispatcher) refuse(ctx context.Context, c *call, why *apierror.Error) error {
	info := &grpc.UnaryServerInfo{Server: d.service, FullMethod: unknownMethod}
	_, err := d.observed(withCall(ctx, c), nil, info, func(context.Context, any) (any, error) { return nil, why })
	return err
}

// compose makes one interceptor of several, the first outermost.
func compose(interceptors []grpc.UnaryServerInterceptor) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, handler grpc.UnaryHandler) (any, error) {
		for i := len(interceptors) - 1; i >= 0; i-- {
			intercept, next := interceptors[i], handler
			handler = func(ctx context.Context, req any) (any, error) { return intercept(ctx, req, info, next) }
		}
		return handler(ctx, req)
	}
}
