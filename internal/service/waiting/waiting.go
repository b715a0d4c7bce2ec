// Package waiting implements the calls that last: WaitEnhancedConnection, until a
// connection can be used, and WatchEnhancedConnections, while connections change.
//
// They read nothing themselves: package poll does, once for all of them. A definite answer
// of a wait rests on a GET that began after the wait.
package waiting

import (
	"context"
	"errors"
	"fmt"

	"go.opentelemetry.io/otel/metric"

	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/poll"
)

// DLI is what waits need of the DLI of their project.
type DLI interface {
	poll.DLI
	// AwaitTest is AwaitPoll for the calls of tests, which share a part of the budget.
	AwaitTest(ctx context.Context) error
}

// Waits runs waits and watches. It is safe for concurrent use.
type Waits struct {
	pollers  *poll.Pollers
	dli      func(projectID string) (DLI, error)
	waiting  metric.Int64UpDownCounter
	watching metric.Int64UpDownCounter
}

// New returns a Waits that looks up the DLI of a project in router.
func New[D DLI](router interface {
	For(projectID string) (D, error)
}, meter metric.Meter,
) (*Waits, error) {
	w := &Waits{dli: func(projectID string) (DLI, error) { return router.For(projectID) }}
	var errs [3]error
	w.pollers, errs[0] = poll.New(router, meter)
	w.waiting, errs[1] = meter.Int64UpDownCounter("connsvc.waiting", metric.WithDescription("Calls that wait for a connection."))
	w.watching, errs[2] = meter.Int64UpDownCounter("connsvc.watching", metric.WithDescription("Calls that watch connections."))
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("making the metrics of waits: %w", err)
	}
	w.waiting.Add(context.Background(), 0)
	w.watching.Add(context.Background(), 0)
	return w, nil
}

// Close ends the pollers. Calls that still last get an error.
func (w *Waits) Close() { w.pollers.Close() }

// count counts a call until the returned function is called.
func count(counter metric.Int64UpDownCounter) (done func()) {
	counter.Add(context.Background(), 1)
	return func() { counter.Add(context.Background(), -1) }
}

// join subscribes a call to the connections of an interest.
func (w *Waits) join(ctx context.Context, i poll.Interest) (*poll.Subscription, error) {
	i.Caller = call.From(ctx)
	return w.pollers.Join(i)
}

// ended is the error of a call whose context has ended.
func ended(ctx context.Context) error { return apierror.From(ctx.Err()) }
