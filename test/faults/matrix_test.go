package faults_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/test/stage"
)

const (
	methodPrefix = "/connsvc.v1.ConnectionService/"
	// callTimeout is the deadline of each call. A call that has no response by then
	// fails the test.
	callTimeout = 30 * time.Second
	// maxRetries bounds the retries of a caller until the outcome is conclusive.
	maxRetries = 100
	pause      = 50 * time.Millisecond
	// maxParallel bounds the cases without a timeout that run at once, so that they do
	// not make each other's calls time out.
	maxParallel = 6
)

// upstream returns the configuration for a case. Timeouts are short only where the case
// waits for them, so that no other call times out on a busy machine.
func (c *matrixCase) upstream() *configv1.Upstream {
	attempt, reconcile := callTimeout/2, callTimeout/2
	if c.fault.slow && c.fault.reason == timeout {
		attempt = attemptTime
	}
	if c.fault.effect != executed || c.fault.reason == ok {
		reconcile = reconcileTime
	}
	return &configv1.Upstream{
		Timeout: durationpb.New(attempt),
		Retry: &configv1.Retry{
			MaxAttempts: 3, BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(pause),
			BudgetPercent: proto.Int32(100),
		},
		Protection:  &configv1.Protection{MaxConcurrency: 100, BreakerFailures: 1000, BreakerDelay: durationpb.New(pause)},
		Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(reconcile), ListLag: durationpb.New(listLag)},
	}
}

// A matrixCase is one cell: an RPC, a fault, whether it happens always or once, and a lag.
type matrixCase struct {
	op     operation
	fault  fault
	always bool
	client func(*stage.Stage) stage.Client
	lag    lag
}

func (c *matrixCase) name() string {
	title, times := c.op.title, "once"
	if title == "" {
		title = c.op.rpc
	}
	if c.always {
		times = "always"
	}
	name := title + "/" + c.fault.name + "/" + times
	if c.lag.name != "" {
		name += "/" + c.lag.name
	}
	return name
}

// waits reports whether the call waits for a timeout, or for a connection to appear in
// a list.
func (c *matrixCase) waits() bool {
	return c.fault.slow || c.op.creates() && c.fault.reason != ok && !c.fault.definite
}

// allCases returns all cells, over both APIs.
func allCases() []matrixCase {
	var cases []matrixCase
	for _, op := range allOperations() {
		for _, f := range allFaults() {
			if f.only != nil && !slices.Contains(f.only, op.rpc) {
				continue
			}
			for _, always := range []bool{false, true} {
				if always && !f.retries(op) {
					continue // there is no second attempt
				}
				for _, client := range clients {
					cases = append(cases, matrixCase{op: op, fault: f, always: always, client: client})
				}
			}
		}
	}
	return append(cases, lagCases()...)
}

var clients = []func(*stage.Stage) stage.Client{
	func(s *stage.Stage) stage.Client { return s.GRPC },
	func(s *stage.Stage) stage.Client { return s.REST },
}

// TestMatrix runs every cell: a call while DLI fails, and retries after DLI has
// recovered.
func TestMatrix(t *testing.T) {
	t.Parallel()
	cases := allCases()
	emulators := make(map[string]*emulator.Emulator, len(cases))
	upstreams := make(map[string]*configv1.Upstream, len(cases))
	for i, c := range cases {
		upstreams[projectOf(i)] = c.upstream()
		emulators[projectOf(i)] = emulator.New(emulator.Options{Quirks: c.op.quirks})
	}
	s := newStage(t, emulators, upstreams)
	slots := make(chan struct{}, maxParallel)
	t.Run("cells", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.name()+"/"+c.client(s).Name(), func(t *testing.T) {
				t.Parallel()
				if !c.waits() {
					slots <- struct{}{}
					defer func() { <-slots }()
				}
				c.run(t, s, projectOf(i))
			})
		}
	})
	closeStage(t, s)
	t.Logf("%d cells", len(cases))
}

// newStage starts connsvc with an upstream and a DLI for each project.
func newStage(t *testing.T, emulators map[string]*emulator.Emulator, upstreams map[string]*configv1.Upstream) *stage.Stage {
	t.Helper()
	s, err := stage.New(stage.Options{
		Emulators: emulators,
		Upstream:  func(project string) *configv1.Upstream { return upstreams[project] },
		Limits:    &configv1.Limits{MaxResponseBytes: 64 << 10},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// closeStage stops a stage and checks what connsvc logged.
func closeStage(t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.Log.Lines() == 0 {
		t.Error("connsvc logged nothing, so its log was not checked")
	}
	for _, line := range s.Log.Alarms() {
		t.Errorf("connsvc logged: %s", line)
	}
}

func projectOf(i int) string { return fmt.Sprintf("p%d", i) }

func (c *matrixCase) run(t *testing.T, s *stage.Stage, project string) {
	p := s.Project(project)
	e := p.Emulator()
	at := newFixture(t, e, project)
	times := 1
	if c.always {
		times = 0
	}
	if err := e.SetFaults(slices.Concat(c.lag.rules, c.fault.rules(c.op.rpc, times))); err != nil {
		t.Fatal(err)
	}
	a := &trial{matrixCase: c, fixture: at, project: p, client: c.client(s)}
	resp, failure := a.call(t)
	a.checkOutcome(t, resp, failure)
	if err := e.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a.checkExecuted(t, failure)
	a.retry(t, resp, failure)
}

// A trial is a run of a cell.
type trial struct {
	*matrixCase
	fixture fixture
	project *stage.Project
	client  stage.Client
}

// call makes the call once, and checks what holds for every outcome.
func (a *trial) call(t *testing.T) (proto.Message, *stage.Failure) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
	defer cancel()
	creates := a.project.Creates()
	resp := a.op.response()
	failure := a.client.Call(ctx, methodPrefix+a.op.rpc, a.op.request(a.fixture), resp)
	if failure.NoResponse() {
		t.Fatalf("no response: %v", failure)
	}
	row, known := mapped[failure.Outcome()]
	switch {
	case !known:
		t.Fatalf("unexpected outcome %v", failure)
	case failure != nil && failure.Code != row.code:
		t.Errorf("outcome %v, want code %s", failure, row.code)
	case failure != nil && row.retries != (failure.RetryAfter > 0):
		t.Errorf("outcome %v: RetryInfo %t, want %t", failure, failure.RetryAfter > 0, row.retries)
	}
	if sent := a.project.Creates() - creates; sent > 1 && a.fault.reason != throttled {
		t.Errorf("one call posted %d creates", sent)
	}
	return resp, failure
}

// checkOutcome checks the outcome while DLI fails.
func (a *trial) checkOutcome(t *testing.T, resp proto.Message, failure *stage.Failure) {
	t.Helper()
	want := a.wanted()
	if failure.Outcome() != want && !slices.Contains(a.fault.instead[a.op.rpc], failure.Outcome()) &&
		(failure.Outcome() != unknown || !a.lag.hides || a.fault.reason == ok || a.fault.definite) {
		t.Errorf("outcome %s, want %s: %v", failure.Outcome(), want, failure)
	}
	if failure != nil && want == a.fault.reason && failure.RetryAfter < a.fault.retryAfter {
		t.Errorf("retry after %v, DLI asked for %v", failure.RetryAfter, a.fault.retryAfter)
	}
	if failure == nil && a.op.valid != nil && !a.op.valid(resp, a.fixture) {
		t.Errorf("a wrong response: %v", resp)
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is && failure == nil {
		if adopts := a.fault.reason != ok && !a.fault.definite; made.GetReconciled() != adopts {
			t.Errorf("reconciled %t, want %t", made.GetReconciled(), adopts)
		}
	}
}

// wanted returns the outcome that the call must have.
func (a *trial) wanted() string {
	f := &a.fault
	switch {
	case f.reason == ok:
		return ok
	case a.op.creates() && !f.definite && !f.misreports:
		// A create is sent once, and then looked for.
		if f.effect == executed {
			return ok
		}
		return unknown
	case !a.always && f.retries(a.op):
		return ok
	default:
		return f.reason
	}
}

// checkExecuted checks that DLI did what the outcome says.
func (a *trial) checkExecuted(t *testing.T, failure *stage.Failure) {
	t.Helper()
	if a.op.happened == nil || a.fault.misreports {
		return
	}
	switch {
	case failure == nil && !a.happened(t):
		t.Error("outcome OK, but DLI has not executed the call")
	case failure != nil && a.fault.definite:
		a.project.Wait()
		if a.happened(t) {
			t.Errorf("outcome %s, but DLI has executed the call", failure.Outcome())
		}
	}
}

// happened reports whether DLI has executed the call, and checks that it did so once.
func (a *trial) happened(t *testing.T) bool {
	t.Helper()
	seed, made := a.look(t)
	return a.op.happened(seed, made)
}

// look returns the connection of the fixture and the one that the call created.
func (a *trial) look(t *testing.T) (seed, made *connsvcv1.EnhancedConnection) {
	t.Helper()
	for _, c := range a.project.Connections(a.fixture.project) {
		switch {
		case c.GetId() == a.fixture.seed:
			seed = c
		case made != nil || !a.op.creates():
			t.Errorf("a duplicate: %v beside %v", c, made)
		default:
			made = c
		}
	}
	return seed, made
}

// retry calls until the outcome is conclusive, and checks that it is true.
func (a *trial) retry(t *testing.T, first proto.Message, firstFailure *stage.Failure) {
	t.Helper()
	for range maxRetries {
		resp, failure := a.call(t)
		if !conclusive(failure) {
			time.Sleep(pause)
			continue
		}
		if failure.Outcome() == nameTaken && a.op.creates() && failure.Metadata["existing_connection_id"] == "" {
			if a.op.title != "create" {
				t.Fatalf("outcome %v, though the connection is that of the request_id", failure)
			}
			time.Sleep(pause) // the list lags, so the owner of the name is not known yet
			continue
		}
		a.project.Wait()
		a.checkConclusive(t, resp, failure)
		a.checkSameConnection(t, first, firstFailure, resp, failure)
		return
	}
	t.Fatalf("after %d retries the outcome is still not conclusive", maxRetries)
}

func (a *trial) checkConclusive(t *testing.T, resp proto.Message, failure *stage.Failure) {
	t.Helper()
	if failure != nil && !slices.Contains(a.op.again, failure.Outcome()) {
		t.Fatalf("a retry ended with %v", failure)
	}
	if a.op.happened == nil {
		if !a.op.valid(resp, a.fixture) {
			t.Errorf("a wrong response: %v", resp)
		}
		return
	}
	if !a.happened(t) {
		t.Fatalf("a retry ended with %s, but DLI has not executed the call", failure.Outcome())
	}
	if !a.op.creates() {
		return
	}
	_, made := a.look(t)
	if id := idOf(resp, failure); id != made.GetId() {
		t.Errorf("a retry returned connection %q, DLI has %q", id, made.GetId())
	}
	if failure != nil && (failure.Metadata["same_spec"] != "true" || failure.Resource != made.GetId()) {
		t.Errorf("a retry ended with %v and resource %q for its own connection %s", failure, failure.Resource, made.GetId())
	}
}

// checkSameConnection checks that a retry returns the connection of the call that succeeded.
func (a *trial) checkSameConnection(t *testing.T, first proto.Message, firstFailure *stage.Failure, resp proto.Message, failure *stage.Failure) {
	t.Helper()
	if firstFailure != nil || !a.op.creates() {
		return
	}
	if was, is := idOf(first, nil), idOf(resp, failure); was != is {
		t.Errorf("created connection %q, and a retry returned %q", was, is)
	}
	if failure == nil && a.op.title == "create" {
		t.Error("a retry without a request_id succeeded: one create too many")
	}
}

// idOf returns the ID of the connection in the outcome of a create.
func idOf(resp proto.Message, failure *stage.Failure) string {
	if failure != nil {
		return failure.Metadata["existing_connection_id"]
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is {
		return made.GetConnectionId()
	}
	return ""
}
