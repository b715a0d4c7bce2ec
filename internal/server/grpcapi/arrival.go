package grpcapi

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// minProgress is how many bytes a connection must receive for its messages to count as
// still arriving: more than pings and their acknowledgements.
const minProgress = 64

// An arrival is the context of a call, which ends early when the request message stalls.
// gRPC shows no part of a message, so progress is what the connection receives: where
// other calls share it, a stalled one may last until its deadline.
type arrival struct {
	context.Context
	cancel  context.CancelFunc
	timeout time.Duration // of each wait for progress
	timer   *time.Timer
	conn    *countedAddr // nil if it is not counted
	seen    int64        // bytes of conn at the last check

	mu      sync.Mutex
	stream  grpc.ServerStream // nil until begin
	id      string            // of the call
	ended   bool
	stalled atomic.Bool
}

type arrivalKey struct{}

func newArrival(ctx context.Context, cancel context.CancelFunc, timeout time.Duration) *arrival {
	a := &arrival{Context: ctx, cancel: cancel, timeout: timeout}
	if p, ok := peer.FromContext(ctx); ok {
		a.conn, _ = p.Addr.(*countedAddr)
	}
	if a.conn != nil {
		a.seen = a.conn.received.Load()
		a.timer = time.AfterFunc(timeout, a.check)
	}
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

// end ends the checks. It reports whether the message has not stalled.
func (a *arrival) end() bool {
	if a.timer != nil {
		a.timer.Stop()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	return !a.stalled.Load()
}

// check cancels the call if its connection has not received enough since the last check.
func (a *arrival) check() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ended {
		return
	}
	if n := a.conn.received.Load(); n-a.seen >= minProgress {
		a.seen = n
		time.AfterFunc(a.timeout, a.check)
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
