package faults_test

import (
	"context"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// tries bounds how often a call may end without a response: on a busy machine the time
// that connsvc reserves for its response can be too short.
const tries = 5

// TestDeadlineOfCaller checks that the caller gets an error of connsvc, not just its
// own deadline, when DLI hangs for longer than both would wait.
func TestDeadlineOfCaller(t *testing.T) {
	operations := allOperations()
	emulators := make(map[string]*emulator.Emulator, len(operations))
	upstreams := make(map[string]*configv1.Upstream, len(operations))
	hang := fault{name: "hang", kind: of(faults.Hang)}
	for i, op := range operations {
		emulators[projectOf(i)] = emulator.New(emulator.Options{Quirks: op.quirks})
		c := matrixCase{op: op, fault: hang}
		upstreams[projectOf(i)] = c.upstream()
	}
	s := newStage(t, emulators, upstreams)
	t.Run("operations", func(t *testing.T) {
		for i, op := range operations {
			c := matrixCase{op: op, fault: hang}
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				p := s.Project(projectOf(i))
				at := newFixture(t, p.Emulator(), projectOf(i))
				if err := p.Emulator().SetFaults(hang.rules(op.rpc, 0)); err != nil {
					t.Fatal(err)
				}
				want := timeout
				if op.creates() {
					want = unknown
				}
				r := callBriefly(t, s.GRPC, op, at)
				for n := 1; n < tries && r.NoResponse(); n++ {
					r = callBriefly(t, s.GRPC, op, at)
				}
				if r.Outcome() != want {
					t.Errorf("outcome %s, want %s: %v", r.Outcome(), want, r)
				}
			})
		}
	})
	closeStage(t, s)
}

// callBriefly makes a call with a short deadline.
func callBriefly(t *testing.T, client stage.Client, op operation, at fixture) *stage.Failure {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return client.Call(ctx, methodPrefix+op.rpc, op.request(at), op.response())
}
