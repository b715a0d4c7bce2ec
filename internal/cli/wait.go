package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/connsvc/connsvc/gen/go/connsvc"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	// waitTimeout limits a wait without --timeout.
	waitTimeout = 10 * time.Minute
	// waitPart is how long one call waits for peerings: then the progress is shown. A call that
	// lasts minutes is cut by proxies, too.
	waitPart = 30 * time.Second
	// maxWait is the contract's limit of a call's timeout.
	maxWait = time.Hour
	// waitMargin is how much later than its wait a call ends. connsvc takes up to 10 seconds more
	// to read DLI once, and its response must arrive.
	waitMargin = 20 * time.Second
	// waitPause is between two calls where connsvc does not say when to call again.
	waitPause = time.Second
)

type waitCommand struct {
	Connection       reference `arg:"" help:"Name or ID of the connection."`
	AddressReachable []string  `placeholder:"HOST:PORT" help:"Also wait until each queue reaches this address; repeatable."`
	Queue            []string  `placeholder:"NAME" help:"Queue that must reach the addresses; repeatable (those that are bound)."`
	output
}

// Run waits until a connection can be used.
func (c *waitCommand) Run(p *Process, connections *Connections) error {
	s, err := connections.openProject(p)
	if err != nil {
		return err
	}
	defer s.close()
	w := s.waiter(string(c.Connection))
	defer w.progress.stop()
	id, err := w.lookup(c.Connection)
	if err != nil {
		return err
	}
	resp, err := w.wait(&connsvcv1.WaitEnhancedConnectionRequest{
		ProjectId: s.project, ConnectionId: id, Addresses: c.AddressReachable, Queues: c.Queue,
	})
	if err != nil {
		return err
	}
	w.progress.stop()
	if c.Output == formatTable {
		err = s.waitTable(w.name, resp)
	} else {
		err = s.printHostless(c.Output, resp)
	}
	return cmp.Or(err, notReached(w.name, resp))
}

// notReached returns an error unless the connection is ready.
func notReached(name string, resp *connsvcv1.WaitEnhancedConnectionResponse) error {
	text := map[connsvcv1.WaitEnhancedConnectionResponse_Reached]string{
		connsvcv1.WaitEnhancedConnectionResponse_READY:   "",
		connsvcv1.WaitEnhancedConnectionResponse_FAILED:  "a peering of %q is FAILED",
		connsvcv1.WaitEnhancedConnectionResponse_GONE:    "connection %q does not exist any more",
		connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT: "the time is over, and connection %q cannot be used yet",
	}
	format, known := text[resp.GetReached()]
	switch {
	case !known:
		return fmt.Errorf("the wait ended with %v, which this connsvc does not know", resp.GetReached())
	case format == "":
		return nil
	}
	return &ExitError{ExitNotReached, fmt.Errorf(format, name)}
}

// A waiter waits for a connection by as many calls as that takes: connsvc's own limit of a
// wait, a restart, a broken connection and an outage of DLI do not end it.
type waiter struct {
	*session
	name     string
	end      time.Time
	progress *progress
	last     *connsvcv1.WaitEnhancedConnectionResponse // nil: none yet
}

func (s *session) waiter(name string) *waiter {
	return &waiter{session: s, name: name, end: time.Now().Add(cmp.Or(s.timeout, waitTimeout)), progress: s.progress("waiting for %s", name)}
}

func (w *waiter) left() time.Duration { return max(time.Until(w.end), 0) }

// lookup returns the ID of the connection.
func (w *waiter) lookup(nameOrID reference) (string, error) {
	for {
		left := w.left()
		ctx, cancel := context.WithTimeout(w.Ctx, min(left, callTimeout))
		id, err := w.id(ctx, nameOrID)
		cancel()
		if err == nil || !w.again(err, left) {
			return id, err
		}
	}
}

// wait calls WaitEnhancedConnection until the wait is over.
func (w *waiter) wait(req *connsvcv1.WaitEnhancedConnectionRequest) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	for {
		left := w.left()
		part := w.part(req, left)
		ctx, cancel := context.WithTimeout(w.Ctx, part.GetTimeout().AsDuration()+waitMargin)
		resp, err := w.client.WaitEnhancedConnection(ctx, part, grpc.MaxRetryRPCBufferSize(0)) // no retries of gRPC, which show nothing
		cancel()
		switch {
		case err == nil && w.over(req, part, resp):
			return resp, nil
		case err == nil:
			w.last = resp
			w.progress.show("waiting for %s: %s", w.name, cmp.Or(missing(resp), "tests of "+strings.Join(req.GetAddresses(), ", ")))
		case w.last != nil && connsvc.Reason(err) == connsvcv1.ErrorReason_CONNECTION_NOT_FOUND: // deleted between two calls
			return &connsvcv1.WaitEnhancedConnectionResponse{IsSuccess: true, Reached: connsvcv1.WaitEnhancedConnectionResponse_GONE}, nil
		case w.again(err, left):
		case left == 0 && w.last != nil && interrupted(err, true):
			w.last.Reached = connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT
			return w.last, nil
		default:
			return nil, fmt.Errorf("waiting for connection %q: %w", w.name, err)
		}
	}
}

// part returns the next call. The first asks once, so that a wrong address is an error at once,
// and a person sees what there is to wait for. The addresses are tested in one call of all the
// time that is left, as the tests of a call begin anew in the next one; before the peerings are
// ACTIVE there is nothing to test.
func (w *waiter) part(req *connsvcv1.WaitEnhancedConnectionRequest, left time.Duration) *connsvcv1.WaitEnhancedConnectionRequest {
	part := proto.CloneOf(req)
	switch {
	case w.last == nil:
		left = 0
	case len(req.GetAddresses()) == 0:
		left = min(left, waitPart)
	case !settled(w.last.GetConnection()) && left > waitPart:
		part.Addresses, part.Queues = nil, nil
		left = waitPart
	default:
		left = min(left, maxWait)
	}
	part.Timeout = durationpb.New(left)
	return part
}

// over reports whether the response to a part is that of the wait.
func (w *waiter) over(req, part *connsvcv1.WaitEnhancedConnectionRequest, resp *connsvcv1.WaitEnhancedConnectionResponse) bool {
	switch resp.GetReached() {
	case connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT:
		return w.left() == 0
	case connsvcv1.WaitEnhancedConnectionResponse_READY:
		return len(part.GetAddresses()) == len(req.GetAddresses())
	default:
		return true
	}
}

// again reports whether a call that failed is made again, after a pause.
func (w *waiter) again(err error, left time.Duration) bool {
	if left == 0 || w.Ctx.Err() != nil || !interrupted(err, w.last != nil) {
		return false
	}
	why := "no response of connsvc"
	if connsvc.Reason(err) != connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED {
		why = status.Convert(err).Message()
	}
	w.progress.show("waiting for %s: %s, trying again", w.name, why)
	delay, retryable := connsvc.RetryAfter(err)
	if !retryable {
		delay = waitPause
	}
	sleep(w.Ctx, min(delay, left))
	return true
}

// interrupted reports whether a wait or a watch can go on after an error: connsvc says so, the
// time of the call was over, or DLI is out. Where connsvc has responded before, it can also be
// restarting, and its credentials for DLI can be replaced.
func interrupted(err error, responded bool) bool {
	if _, retryable := connsvc.RetryAfter(err); retryable || status.Code(err) == codes.DeadlineExceeded {
		return true
	}
	switch connsvc.Reason(err) {
	case connsvcv1.ErrorReason_UPSTREAM_FAULT:
		return true
	case connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS:
		return responded
	default:
		return responded && status.Code(err) == codes.Unavailable
	}
}

// sleep returns early if ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// missing returns what a wait still waits for.
func missing(resp *connsvcv1.WaitEnhancedConnectionResponse) string {
	var parts []string
	c := resp.GetConnection()
	for _, p := range slices.Concat(c.GetAvailableQueueInfo(), c.GetElasticResourcePools()) {
		if p.GetStatus() != connsvcv1.Peering_ACTIVE {
			parts = append(parts, fmt.Sprintf("%s is %v", p.GetName(), p.GetStatus()))
		}
	}
	for _, t := range resp.GetTests() {
		if !t.GetReachable() {
			parts = append(parts, fmt.Sprintf("%s does not reach %s", t.GetQueue(), t.GetAddress()))
		}
	}
	return strings.Join(parts, ", ")
}

// settled reports whether each peering of a connection is ACTIVE.
func settled(c *connsvcv1.EnhancedConnection) bool {
	return !slices.ContainsFunc(slices.Concat(c.GetAvailableQueueInfo(), c.GetElasticResourcePools()), func(p *connsvcv1.Peering) bool {
		return p.GetStatus() != connsvcv1.Peering_ACTIVE
	})
}

func (s *session) waitTable(name string, resp *connsvcv1.WaitEnhancedConnectionResponse) error {
	fmt.Fprintf(s.Stdout, "%s: %v\n", clean(name), resp.GetReached())
	errs := []error{s.peeringTable(resp.GetConnection())}
	if failures := resp.GetFailures(); len(failures) > 0 {
		fmt.Fprintln(s.Stdout)
		t := s.table("FAILED", "ADVICE")
		for _, f := range failures {
			t.row(f.GetName(), f.GetAdvice())
		}
		errs = append(errs, t.flush())
	}
	if tests := resp.GetTests(); len(tests) > 0 {
		fmt.Fprintln(s.Stdout)
		t := s.table("QUEUE", "ADDRESS", "REACHABLE", "RESULT")
		for _, test := range tests {
			t.row(test.GetQueue(), test.GetAddress(), yesNo(test.GetReachable()), test.GetResult())
		}
		errs = append(errs, t.flush())
	}
	return errors.Join(errs...)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
