package create

import (
	"context"
	"errors"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
)

// inFlight are the creates in flight. Identical ones share one: the first caller runs
// it, in his own time, and the others wait for its outcome.
type inFlight struct {
	mu    sync.Mutex
	byKey map[key][]*flight
}

// A key is what identical creates have in common at least. What DLI allows one caller
// says nothing of another, nor do two callers own one connection unawares.
type key struct{ project, name, caller, token string }

// A flight is one create in flight.
type flight struct {
	req  *connsvcv1.CreateEnhancedConnectionRequest
	done chan struct{} // closed when the fields below are set
	resp *connsvcv1.CreateEnhancedConnectionResponse
	err  error
	// again says that the first caller went, or his time ended, before anything was
	// sent: the others start over.
	again bool
}

// share runs n, or waits for an identical create.
func (c *Creator) share(ctx context.Context, n *creation) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	caller := call.From(ctx)
	k := key{n.req.GetProjectId(), n.req.GetName(), caller.Caller, caller.CallerToken}
	for counted := false; ; counted = true {
		f, first := c.inFlight.join(k, n.req)
		if first {
			defer c.inFlight.end(k, f)
			return f.run(ctx, n)
		}
		if !counted {
			c.outcomes.Add(ctx, shared)
		}
		if err := f.wait(ctx, n); err != nil {
			return nil, err
		}
		if f.again {
			continue
		}
		resp := proto.CloneOf(f.resp)
		if resp != nil && n.req.GetRequestId() == "" {
			addWarning(resp, "an identical create was in flight, and its caller got the same connection")
		}
		return resp, f.err
	}
}

// run runs the create of a flight. A panic goes on to the caller of run, as an error
// that says whether the POST may have left; who waits gets that error.
func (f *flight) run(ctx context.Context, n *creation) (resp *connsvcv1.CreateEnhancedConnectionResponse, err error) {
	defer func() {
		if v := recover(); v != nil {
			defect := call.Recovered(v)
			f.err = apierror.New(connsvcv1.ErrorReason_INTERNAL, "", defect)
			if n.sent {
				f.err = n.unknown(ctx, defect)
			}
			panic(f.err)
		}
	}()
	resp, err = n.run(ctx)
	f.resp, f.err = proto.CloneOf(resp), err
	switch {
	case err == nil || ctx.Err() == nil:
	case !n.sent:
		f.again = true
	case apierror.ReasonOf(err) == connsvcv1.ErrorReason_CALLER_CANCELLED:
		f.err = n.outcomeUnknown(err)
	}
	return resp, err
}

// wait waits for the outcome of a flight, which is of the same request as n. A caller
// whose time ends before does not know it: the create goes on.
func (f *flight) wait(ctx context.Context, n *creation) error {
	select {
	case <-f.done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-f.done: // both happened: the outcome counts
		return nil
	default:
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return n.outcomeUnknown(ctx.Err())
	}
	return apierror.From(ctx.Err())
}

// join returns the flight of an identical create, or adds one.
func (a *inFlight) join(k key, req *connsvcv1.CreateEnhancedConnectionRequest) (f *flight, first bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, f := range a.byKey[k] {
		if len(f.req.GetHosts()) == len(req.GetHosts()) && proto.Equal(f.req, req) {
			return f, false
		}
	}
	f = &flight{req: req, done: make(chan struct{})}
	if a.byKey == nil {
		a.byKey = map[key][]*flight{}
	}
	a.byKey[k] = append(a.byKey[k], f)
	return f, true
}

// end removes a flight, then wakes those who wait for it.
func (a *inFlight) end(k key, f *flight) {
	defer close(f.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	rest := slices.DeleteFunc(a.byKey[k], func(other *flight) bool { return other == f })
	if len(rest) == 0 {
		delete(a.byKey, k)
		return
	}
	a.byKey[k] = rest
}
