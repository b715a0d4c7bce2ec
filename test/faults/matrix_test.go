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
	// patience is the deadline of each call. A call that is not answered by then has
	// lost its answer.
	patience = 30 * time.Second
	// repeats bounds how often a caller asks again until it knows.
	repeats = 100
	pause   = 50 * time.Millisecond
	// atATime is how many of the cases that need no timeout run at once, so that they
	// do not make each other's calls time out.
	atATime = 6
)

// upstream is how DLI is called in a case: quick to give up where the case waits for
// that, so that on a busy machine no other call does, and with no limit in the way.
func (c *matrixCase) upstream() *configv1.Upstream {
	attempt, reconcile := patience/2, patience/2
	if c.fault.slow && c.fault.reason == timeout {
		attempt = attemptTime
	}
	if c.fault.fate != done || c.fault.reason == ok {
		reconcile = reconcileTime
	}
	return &configv1.Upstream{
		Timeout: durationpb.New(attempt),
		Retry: &configv1.Retry{
			MaxAttempts: 3, BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(pause),
			BudgetPercent: proto.Int32(100),
		},
		Protection:  &configv1.Protection{MaxConcurrency: 100, BreakerFailures: 1000, BreakerDelay: durationpb.New(pause)},
		Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(reconcile)},
	}
}

// A matrixCase is one cell: an RPC, a fault of it, and how often DLI fails so.
type matrixCase struct {
	op     operation
	fault  fault
	always bool
	door   func(*stage.Stage) stage.Door
}

func (c *matrixCase) name() string {
	title, times := c.op.title, "once"
	if title == "" {
		title = c.op.rpc
	}
	if c.always {
		times = "always"
	}
	return title + "/" + c.fault.name + "/" + times
}

// waits reports whether the call is one that waits: for a timeout, or for a
// connection to show.
func (c *matrixCase) waits() bool {
	return c.fault.slow || c.op.creates() && c.fault.reason != ok && !c.fault.definite
}

// allCases are all cells over both doors.
func allCases() []matrixCase {
	var cases []matrixCase
	for _, op := range allOperations() {
		for _, f := range allFaults() {
			if f.only != nil && !slices.Contains(f.only, op.rpc) {
				continue
			}
			for _, always := range []bool{false, true} {
				if always && !f.repeats(op) {
					continue // the first failure is the last word
				}
				for _, door := range doors {
					cases = append(cases, matrixCase{op, f, always, door})
				}
			}
		}
	}
	return cases
}

var doors = []func(*stage.Stage) stage.Door{
	func(s *stage.Stage) stage.Door { return s.GRPC },
	func(s *stage.Stage) stage.Door { return s.REST },
}

// TestMatrix plays every cell: a call while DLI fails, and its repeats when DLI is
// well again.
func TestMatrix(t *testing.T) {
	t.Parallel()
	cases := allCases()
	emulators := make(map[string]*emulator.Emulator, len(cases))
	upstreams := make(map[string]*configv1.Upstream, len(cases))
	for i, c := range cases {
		upstreams[projectOf(i)] = c.upstream()
		emulators[projectOf(i)] = emulator.New(emulator.Options{Quirks: c.op.quirks})
	}
	s := raise(t, emulators, upstreams)
	places := make(chan struct{}, atATime)
	t.Run("cells", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.name()+"/"+c.door(s).Name(), func(t *testing.T) {
				t.Parallel()
				if !c.waits() {
					places <- struct{}{}
					defer func() { <-places }()
				}
				c.play(t, s, projectOf(i))
			})
		}
	})
	strike(t, s)
	t.Logf("%d cells", len(cases))
}

// raise starts the stage of a test, with an upstream and a DLI for each project.
func raise(t *testing.T, emulators map[string]*emulator.Emulator, upstreams map[string]*configv1.Upstream) *stage.Stage {
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

// strike ends a stage, and looks at what connsvc logged.
func strike(t *testing.T, s *stage.Stage) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if s.Log.Lines() == 0 {
		t.Error("connsvc logged nothing: what it logs proves nothing")
	}
	for _, line := range s.Log.Alarms() {
		t.Errorf("connsvc logged: %s", line)
	}
}

func projectOf(i int) string { return fmt.Sprintf("p%d", i) }

func (c *matrixCase) play(t *testing.T, s *stage.Stage, project string) {
	p := s.Project(project)
	e := p.Emulator()
	scene := set(t, e, project)
	times := 1
	if c.always {
		times = 0
	}
	if err := e.SetFaults(c.fault.rules(c.op.rpc, times)); err != nil {
		t.Fatal(err)
	}
	a := &act{matrixCase: c, scene: scene, project: p, door: c.door(s)}
	resp, refusal := a.call(t)
	a.checkTold(t, resp, refusal)
	if err := e.SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a.checkDone(t, refusal)
	a.repeat(t, resp, refusal)
}

// An act is a cell that is being played.
type act struct {
	*matrixCase
	scene   scene
	project *stage.Project
	door    stage.Door
}

// call makes the call once, and checks what every answer must have.
func (a *act) call(t *testing.T) (proto.Message, *stage.Refusal) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	creates := a.project.Creates()
	resp := a.op.response()
	refusal := a.door.Call(ctx, methodPrefix+a.op.rpc, a.op.request(a.scene), resp)
	if refusal.Lost() {
		t.Fatalf("the answer is lost: %v", refusal)
	}
	row, known := mapped[refusal.Told()]
	switch {
	case !known:
		t.Fatalf("told %v", refusal)
	case refusal != nil && refusal.Code != row.code:
		t.Errorf("told %v, want code %s", refusal, row.code)
	case refusal != nil && row.retries != (refusal.RetryAfter > 0):
		t.Errorf("told %v: RetryInfo %t, want %t", refusal, refusal.RetryAfter > 0, row.retries)
	}
	if sent := a.project.Creates() - creates; sent > 1 {
		t.Errorf("one call posted %d creates", sent)
	}
	return resp, refusal
}

// checkTold checks what the caller is told while DLI fails.
func (a *act) checkTold(t *testing.T, resp proto.Message, refusal *stage.Refusal) {
	t.Helper()
	want := a.wanted()
	if refusal.Told() != want && !slices.Contains(a.fault.instead[a.op.rpc], refusal.Told()) {
		t.Errorf("told %s, want %s: %v", refusal.Told(), want, refusal)
	}
	if refusal != nil && want == a.fault.reason && refusal.RetryAfter < a.fault.retryAfter {
		t.Errorf("told to wait %v, DLI asked for %v", refusal.RetryAfter, a.fault.retryAfter)
	}
	if refusal == nil && a.op.answers != nil && !a.op.answers(resp, a.scene) {
		t.Errorf("a wrong answer: %v", resp)
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is && refusal == nil {
		if adopts := a.fault.reason != ok; made.GetReconciled() != adopts {
			t.Errorf("reconciled %t, want %t", made.GetReconciled(), adopts)
		}
	}
}

// wanted is what must be told, by the error map.
func (a *act) wanted() string {
	f := &a.fault
	switch {
	case f.reason == ok:
		return ok
	case a.op.creates() && !f.definite && !f.lies:
		// It is posted once, and looked for.
		if f.fate == done {
			return ok
		}
		return unknown
	case !a.always && f.repeats(a.op):
		return ok
	default:
		return f.reason
	}
}

// checkDone checks what DLI did against what the caller was told.
func (a *act) checkDone(t *testing.T, refusal *stage.Refusal) {
	t.Helper()
	if a.op.happened == nil || a.fault.lies {
		return
	}
	switch {
	case refusal == nil && !a.happened(t):
		t.Error("told OK, but DLI has not done it")
	case refusal != nil && a.fault.definite:
		a.project.Wait()
		if a.happened(t) {
			t.Errorf("told %s, but DLI has done it", refusal.Told())
		}
	}
}

// happened reports whether DLI has executed the call, and checks that nothing is
// there twice.
func (a *act) happened(t *testing.T) bool {
	t.Helper()
	seed, made := a.look(t)
	return a.op.happened(seed, made)
}

// look returns the connection of the scene, and the one that a create made.
func (a *act) look(t *testing.T) (seed, made *connsvcv1.EnhancedConnection) {
	t.Helper()
	for _, c := range a.project.Connections(a.scene.project) {
		switch {
		case c.GetId() == a.scene.seed:
			seed = c
		case made != nil || !a.op.creates():
			t.Errorf("a duplicate: %v beside %v", c, made)
		default:
			made = c
		}
	}
	return seed, made
}

// repeat has the caller ask again until it knows, and checks that what it knows is
// the truth.
func (a *act) repeat(t *testing.T, first proto.Message, told *stage.Refusal) {
	t.Helper()
	for range repeats {
		resp, refusal := a.call(t)
		if !settled(refusal) {
			time.Sleep(pause)
			continue
		}
		if refusal.Told() == nameTaken && a.op.creates() && refusal.Metadata["existing_connection_id"] == "" {
			if a.op.title != "create" {
				t.Fatalf("told %v, though the connection is that of the request_id", refusal)
			}
			time.Sleep(pause) // it is not told whose the name is, as long as lists lag
			continue
		}
		a.project.Wait()
		a.checkSettled(t, resp, refusal)
		a.checkSame(t, first, told, resp, refusal)
		return
	}
	t.Fatalf("after %d repeats the caller does not know what happened", repeats)
}

func (a *act) checkSettled(t *testing.T, resp proto.Message, refusal *stage.Refusal) {
	t.Helper()
	if refusal != nil && !slices.Contains(a.op.again, refusal.Told()) {
		t.Fatalf("a repeat was told %v", refusal)
	}
	if a.op.happened == nil {
		if !a.op.answers(resp, a.scene) {
			t.Errorf("a wrong answer: %v", resp)
		}
		return
	}
	if !a.happened(t) {
		t.Fatalf("a repeat was told %s, but DLI has not done it", refusal.Told())
	}
	if !a.op.creates() {
		return
	}
	_, made := a.look(t)
	if id := idOf(resp, refusal); id != made.GetId() {
		t.Errorf("a repeat was told of connection %q, DLI has %q", id, made.GetId())
	}
	if refusal != nil && (refusal.Metadata["same_spec"] != "true" || refusal.Resource != made.GetId()) {
		t.Errorf("a repeat was told %v with resource %q of its own connection %s", refusal, refusal.Resource, made.GetId())
	}
}

// checkSame checks that a repeat is told the same as the call that succeeded.
func (a *act) checkSame(t *testing.T, first proto.Message, told *stage.Refusal, resp proto.Message, refusal *stage.Refusal) {
	t.Helper()
	if told != nil || !a.op.creates() {
		return
	}
	if was, is := idOf(first, nil), idOf(resp, refusal); was != is {
		t.Errorf("told of connection %q, and in a repeat of %q", was, is)
	}
	if refusal == nil && a.op.title == "create" {
		t.Error("a repeat without a request_id succeeded: one create too many")
	}
}

// idOf is the ID of the connection that an answer to a create tells of.
func idOf(resp proto.Message, refusal *stage.Refusal) string {
	if refusal != nil {
		return refusal.Metadata["existing_connection_id"]
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is {
		return made.GetConnectionId()
	}
	return ""
}
