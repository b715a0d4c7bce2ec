package waiting

import (
	"context"
	"math"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/poll"
)

// firstReadTime is how long a wait may exceed its timeout, to read DLI once.
const firstReadTime = 10 * time.Second

// Wait waits until a connection can be used. Its errors are *apierror.Error.
func (w *Waits) Wait(ctx context.Context, req *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	defer count(w.waiting)()
	n := &wait{waits: w, req: req}
	if err := n.permitTests(ctx, req.GetQueues()); err != nil {
		return nil, err
	}
	sub, err := w.join(ctx, poll.Interest{Project: req.GetProjectId(), IDs: []string{req.GetConnectionId()}, Confirm: true})
	if err != nil {
		return nil, err
	}
	defer sub.Leave()
	n.sub = sub
	defer n.stopTests()
	return n.run(ctx)
}

// A wait is one call of Wait.
type wait struct {
	waits *Waits
	req   *connsvcv1.WaitEnhancedConnectionRequest
	sub   *poll.Subscription
	last  *poll.Entry // the connection as it was last seen; nil: not yet
	tests *tests      // nil: not begun
	// renewed says that all addresses are reached, and that the connection is read once more.
	renewed bool
}

func (n *wait) run(ctx context.Context) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	over, last := n.timers(ctx)
	defer over.Stop()
	defer last.Stop()
	stopping := call.From(ctx).Stopping
	for timeUp := false; ; {
		v := n.sub.View()
		if resp, err := n.look(ctx, v); resp != nil || err != nil {
			return resp, err
		}
		if timeUp {
			switch {
			case n.last != nil:
				return n.reached(connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT), nil
			case n.failure(v) != nil:
				return nil, n.failure(v)
			}
		}
		select {
		case <-v.Changed:
		case <-n.tests.progress():
		case <-over.C:
			timeUp = true
		case <-last.C:
			if timeUp = true; n.last == nil {
				return nil, n.unread(n.sub.View())
			}
		case <-stopping:
			return nil, poll.Stopping()
		case <-ctx.Done():
			return nil, ended(ctx)
		}
	}
}

// failure returns why the connection could not be read.
func (n *wait) failure(v poll.View) error { return v.Failure(n.req.GetConnectionId()) }

// unread is the error of a wait in whose time DLI was not read.
func (n *wait) unread(v poll.View) error {
	switch {
	case n.failure(v) != nil:
		return n.failure(v)
	case !v.Asked():
		return apierror.New(connsvcv1.ErrorReason_UPSTREAM_TIMEOUT,
			"the call ended before DLI was asked: its time is shorter than the interval of polls", nil)
	default:
		return apierror.New(connsvcv1.ErrorReason_UPSTREAM_TIMEOUT, "", nil)
	}
}

// timers return when the time of the wait is over, and when it must respond even if DLI
// could not be read.
func (n *wait) timers(ctx context.Context) (over, last *time.Timer) {
	const never = time.Duration(math.MaxInt64)
	until, longest := never, never
	if by, bounded := call.RespondBy(ctx, call.ReplyMargin); bounded {
		until = time.Until(by)
		longest = until
	}
	if t := n.req.GetTimeout(); t != nil {
		until = min(until, t.AsDuration())
		longest = min(longest, until+firstReadTime)
	}
	return time.NewTimer(until), time.NewTimer(longest)
}

// look returns the outcome of the wait, if there is one already.
func (n *wait) look(ctx context.Context, v poll.View) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	id := n.req.GetConnectionId()
	switch {
	case v.Err != nil:
		return nil, v.Err
	case v.Gone(id) && n.last == nil:
		return nil, apierror.ConnectionNotFound(id)
	case v.Gone(id):
		n.last = nil
		return n.reached(connsvcv1.WaitEnhancedConnectionResponse_GONE), nil
	}
	now, confirmed := v.Entry(id), v.Confirmed(id) != nil
	if now == nil || !confirmed && !v.Read() {
		return nil, nil
	}
	n.last = now
	if err := n.checkQueues(); err != nil && confirmed {
		return nil, err
	}
	failed := len(failures(now.Conn)) > 0
	switch {
	case !poll.Settled(now.Conn), !confirmed && (failed || n.tests == nil):
		n.stopTests() // they begin anew
		return nil, nil
	case failed:
		return n.reached(connsvcv1.WaitEnhancedConnectionResponse_FAILED), nil
	case len(n.req.GetAddresses()) == 0:
		return n.reached(connsvcv1.WaitEnhancedConnectionResponse_READY), nil
	case n.tests == nil:
		if err := n.permitTests(ctx, n.queues()); err != nil {
			return nil, err
		}
		n.startTests(ctx)
	}
	switch all, err := n.tests.outcome(); {
	case err != nil || !all:
		return nil, err
	case !n.renewed:
		n.renewed = true
		n.sub.Renew()
		return nil, nil
	case !confirmed:
		return nil, nil
	}
	return n.reached(connsvcv1.WaitEnhancedConnectionResponse_READY), nil
}

func (n *wait) reached(what connsvcv1.WaitEnhancedConnectionResponse_Reached) *connsvcv1.WaitEnhancedConnectionResponse {
	resp := &connsvcv1.WaitEnhancedConnectionResponse{IsSuccess: true, Reached: what, Tests: n.results()}
	if n.last != nil {
		resp.Connection = n.last.Conn
		resp.Failures = failures(n.last.Conn)
	}
	return resp
}
