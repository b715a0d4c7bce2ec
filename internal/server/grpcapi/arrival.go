package grpcapi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// An arrival is the context of a call, which ends early when the request message stalls.
type arrival struct {
	context.Context
	cancel  context.CancelFunc
	timeout time.Duration // of each wait for progress
	timer   *time.Timer

	mu      sync.Mutex
	stream  grpc.ServerStream // nil until begin
	id      string            // of the call
	ended   bool
	stalled atomic.Bool
}

type arrivalKey struct{}

func newArrival(ctx context.Context, cancel context.CancelFunc, timeout time.Duration) *arrival {
	a := &arrival{Context: ctx, cancel: cancel, timeout: timeout}
	a.timer = time.AfterFunc(timeout, a.stall)
	return a
}

func arrivalOf(ctx context.Context) *arrival { return ctx.Value(arrivalKey{}).(*arrival) }

// Value is context.Context's.
func (a *arrival) Value(key any) any {
	if key == (arrivalKey{}) {
		return a
	}
	return a.Context.Value(key)
}

// Err is context.Context's. gRPC makes its status of it.
func (a *arrival) Err() error {
	err := a.Context.Err()
	if err != nil && a.stalled.Load() {
		return context.DeadlineExceeded
	}
	return err
}

// begin sets where a stall is reported.
func (a *arrival) begin(stream grpc.ServerStream, id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stream, a.id = stream, id
}

// progress starts the wait anew.
func (a *arrival) progress() { a.timer.Reset(a.timeout) }

// end ends the wait. It reports whether the message has not stalled.
func (a *arrival) end() bool {
	a.timer.Stop()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	return !a.stalled.Load()
}

// stall cancels the call.
func (a *arrival) stall() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	a.stalled.Store(true)
	if a.stream != nil {
		a.addDetails()
	}
	a.cancel()
}

// addDetails adds the details of the error to the bare status that gRPC sends when the
// context ends.
func (a *arrival) addDetails() {
	failure := apierror.New(connsvcv1.ErrorReason_REQUEST_TIMEOUT, "", nil).WithRequestID(a.id)
	if details, err := proto.Marshal(failure.GRPCStatus().Proto()); err == nil {
		a.stream.SetTrailer(metadata.MD{"grpc-status-details-bin": {string(details)}})
	}
}
