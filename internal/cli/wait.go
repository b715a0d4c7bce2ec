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
	// waitPart is how long one call waits: then the progress is shown. A call that lasts
	// minutes is cut by proxies, too.
	waitPart = 30 * time.Second
	// waitMargin is how much later than its wait a call ends: connsvc's response must arrive.
	waitMargin = 10 * time.Second
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
	id, err := s.lookup(c.Connection)
	if err != nil {
		return err
	}
	resp, err := s.wait(&connsvcv1.WaitEnhancedConnectionRequest{
		ProjectId: s.project, ConnectionId: id, Addresses: c.AddressReachable, Queues: c.Queue,
	}, string(c.Connection))
	if err != nil {
		return err
	}
	if c.Output == formatTable {
		err = s.waitTable(string(c.Connection), resp)
	} else {
		err = s.printMessage(c.Output, resp)
	}
	return cmp.Or(err, notReached(string(c.Connection), resp))
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

// wait calls WaitEnhancedConnection until the wait is over: connsvc's own limit of a wait,
// a restart and a broken connection do not end it. The first call asks once, so that a wrong
// address is an error at once, and a person sees what there is to wait for.
func (s *session) wait(req *connsvcv1.WaitEnhancedConnectionRequest, name string) (*connsvcv1.WaitEnhancedConnectionResponse, error) {
	end := time.Now().Add(cmp.Or(s.timeout, waitTimeout))
	progress := s.progress("waiting for %s", name)
	defer progress.stop()
	for called := false; ; {
		left := max(time.Until(end), 0)
		part := proto.CloneOf(req)
		part.Timeout = &durationpb.Duration{}
		if called {
			part.Timeout = durationpb.New(min(left, waitPart))
		}
		ctx, cancel := context.WithTimeout(s.Ctx, part.GetTimeout().AsDuration()+waitMargin)
		resp, err := s.client.WaitEnhancedConnection(ctx, part)
		cancel()
		switch {
		case err == nil && (resp.GetReached() != connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT || time.Until(end) <= 0):
			return resp, nil
		case err == nil:
			called = true
			progress.show("waiting for %s: %s", name, missing(resp))
		case left == 0 || s.Ctx.Err() != nil || !interrupted(err, called):
			return nil, fmt.Errorf("waiting for connection %q: %w", name, err)
		default:
			progress.show("waiting for %s: connsvc is not there, trying again", name)
			delay, retryable := connsvc.RetryAfter(err)
			if !retryable {
				delay = time.Second
			}
			sleep(s.Ctx, min(delay, left))
		}
	}
}

// interrupted reports whether a long call can be made again: connsvc says so, or it had
// responded once before, and the connection to it broke.
func interrupted(err error, responded bool) bool {
	_, retryable := connsvc.RetryAfter(err)
	if !responded {
		return retryable && status.Code(err) == codes.Unavailable
	}
	broken := connsvc.Reason(err) == connsvcv1.ErrorReason_ERROR_REASON_UNSPECIFIED
	return retryable || broken || status.Code(err) == codes.Unavailable
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
