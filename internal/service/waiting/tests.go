package waiting

import (
	"context"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/validation"
)

const (
	// testsAtOnce is the most tests of a wait that DLI runs at once.
	testsAtOnce = 4
	// testTimeout ends a test that DLI gives no result of.
	testTimeout = time.Minute
	// resultPause is between two looks for a result.
	resultPause = time.Second
	// firstPause is between two tests of an address, doubled for each further one.
	firstPause, longestPause = time.Second, 30 * time.Second
)

// tests are the tests of each address from each queue, until all are reached.
type tests struct {
	waits   *Waits
	project string
	cancel  context.CancelFunc
	running sync.WaitGroup
	places  chan struct{} // for testsAtOnce

	mu      sync.Mutex
	results []*connsvcv1.AddressTest
	missing int           // results that are not reachable
	err     error         // no further test can succeed
	changed chan struct{} // has one element when missing or err has changed
}

// checkQueues rejects a wait for addresses without a queue to test from.
func (n *wait) checkQueues() error {
	if len(n.req.GetAddresses()) == 0 || len(n.queues()) > 0 {
		return nil
	}
	message := "must name queues to test the addresses from: no queue is bound to the connection"
	if len(n.last.Conn.GetElasticResourcePools()) > 0 {
		message = "must name queues of the elastic resource pools: DLI tests addresses from queues alone"
	}
	return apierror.Invalid("queues", "queues.required", message)
}

// queues returns the queues that the addresses are tested from.
func (n *wait) queues() []string {
	if len(n.req.GetQueues()) > 0 {
		return n.req.GetQueues()
	}
	var all []string
	for _, p := range n.last.Conn.GetAvailableQueueInfo() {
		all = append(all, p.GetName())
	}
	return all
}

// permitTests asks the policy for a test of each address from each of the queues: a wait must
// not make those that its caller may not.
func (n *wait) permitTests(ctx context.Context, queues []string) error {
	for _, queue := range queues {
		for _, address := range n.req.GetAddresses() {
			test := &connsvcv1.CreateConnectivityTestRequest{ProjectId: n.req.GetProjectId(), QueueName: queue, Address: address}
			if err := call.From(ctx).Permit(ctx, test, nil); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *wait) startTests(ctx context.Context) {
	t := &tests{
		waits: n.waits, project: n.req.GetProjectId(),
		places: make(chan struct{}, testsAtOnce), changed: make(chan struct{}, 1),
	}
	ctx, t.cancel = context.WithCancel(ctx)
	for _, queue := range n.queues() {
		for _, address := range n.req.GetAddresses() {
			t.results = append(t.results, &connsvcv1.AddressTest{Queue: queue, Address: address})
		}
	}
	t.missing = len(t.results)
	for _, result := range t.results {
		t.running.Go(func() { t.run(ctx, result) })
	}
	n.tests, n.renewed = t, false
}

// stopTests ends the tests, if they have begun.
func (n *wait) stopTests() {
	if n.tests != nil {
		n.tests.cancel()
		n.tests.running.Wait()
		n.tests = nil
	}
}

// results returns the results so far. Before the tests have begun, there is one without a
// result for each that is to be made.
func (n *wait) results() []*connsvcv1.AddressTest {
	if n.tests == nil {
		var none []*connsvcv1.AddressTest
		if n.last != nil && len(n.req.GetAddresses()) > 0 {
			for _, queue := range n.queues() {
				for _, address := range n.req.GetAddresses() {
					none = append(none, &connsvcv1.AddressTest{Queue: queue, Address: address})
				}
			}
		}
		return none
	}
	n.tests.mu.Lock()
	defer n.tests.mu.Unlock()
	all := make([]*connsvcv1.AddressTest, len(n.tests.results))
	for i, each := range n.tests.results {
		all[i] = proto.CloneOf(each)
	}
	return all
}

// progress has an element when there is a new outcome.
func (t *tests) progress() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.changed
}

// outcome reports whether all addresses are reached, or why that cannot be found out.
func (t *tests) outcome() (all bool, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.missing == 0, t.err
}

// run tests one address from one queue until it is reached. A panic is an error: on this
// goroutine it would end the process.
func (t *tests) run(ctx context.Context, result *connsvcv1.AddressTest) {
	defer func() {
		if v := recover(); v != nil {
			t.record(result, "", apierror.New(connsvcv1.ErrorReason_INTERNAL, "", call.Recovered(v)))
		}
	}()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		select {
		case t.places <- struct{}{}:
		case <-ctx.Done():
			return
		}
		text, err := t.test(ctx, result.GetQueue(), result.GetAddress())
		<-t.places
		if ctx.Err() != nil || t.record(result, text, err) {
			return
		}
		if err != nil {
			pause = max(pause, apierror.From(err).RetryAfter)
		}
		if !call.Sleep(ctx, pause) {
			return
		}
	}
}

// record records the result of a test, and reports whether it is the last.
func (t *tests) record(result *connsvcv1.AddressTest, text string, err error) (last bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	result.Result, result.Reachable = text, text == validation.Reachable
	switch {
	case err != nil && permanent(err):
		t.err = err
	case err != nil:
		result.Result = apierror.From(err).Message
		return false
	case result.GetReachable():
		t.missing--
	default:
		return false
	}
	select {
	case t.changed <- struct{}{}:
	default:
	}
	return true
}

// permanent reports whether a further test would fail alike.
func permanent(err error) bool {
	switch apierror.From(err).Code() {
	case codes.InvalidArgument, codes.NotFound, codes.PermissionDenied, codes.Unauthenticated:
		return true
	default:
		return apierror.From(err).Reason == connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED
	}
}

// test makes one test, and returns DLI's result.
func (t *tests) test(ctx context.Context, queue, address string) (string, error) {
	created := &connsvcv1.CreateConnectivityTestResponse{}
	about := apierror.Subject{Operation: apierror.CreateConnectivityTest, Project: t.project, Queues: []string{queue}}
	if err := t.call(ctx, connsvcv1.ConnectionService_CreateConnectivityTest_FullMethodName, about, &connsvcv1.CreateConnectivityTestRequest{
		ProjectId: t.project, QueueName: queue, Address: address,
	}, created); err != nil {
		return "", err
	}
	about.Operation, about.Task = apierror.GetConnectivityTest, created.GetTaskId()
	for began := time.Now(); time.Since(began) < testTimeout; {
		if !call.Sleep(ctx, resultPause) {
			return "", ended(ctx)
		}
		got := &connsvcv1.GetConnectivityTestResponse{}
		err := t.call(ctx, connsvcv1.ConnectionService_GetConnectivityTest_FullMethodName, about, &connsvcv1.GetConnectivityTestRequest{
			ProjectId: t.project, QueueName: queue, TaskId: created.GetTaskId(),
		}, got)
		switch {
		case err != nil && apierror.From(err).Code() == codes.NotFound:
			return apierror.From(err).Message, nil // DLI has forgotten this test: another one follows
		case err != nil:
			return "", err
		}
		if got.GetConnectivity() != "" {
			return got.GetConnectivity(), nil
		}
	}
	return fmt.Sprintf("DLI has no result after %v", testTimeout), nil
}

// call makes one call within the budget of polls.
func (t *tests) call(ctx context.Context, method string, about apierror.Subject, req, resp proto.Message) error {
	dli, err := t.waits.dli(t.project)
	if err == nil {
		err = dli.AwaitTest(ctx)
	}
	if err == nil {
		err = dli.Call(ctx, method, req, resp)
	}
	return apierror.FromDLI(err, about)
}
