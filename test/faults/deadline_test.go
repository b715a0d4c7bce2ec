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

// tries is how often a caller may miss the answer: a busy machine can lose the time
// that is kept for it.
const tries = 5

// TestDeadlineOfCaller lets DLI hang for longer than the caller waits, and than
// connsvc would: the caller is told so, and does not have to conclude it.
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
	s := raise(t, emulators, upstreams)
	t.Run("operations", func(t *testing.T) {
		for i, op := range operations {
			c := matrixCase{op: op, fault: hang}
			t.Run(c.name(), func(t *testing.T) {
				t.Parallel()
				p := s.Project(projectOf(i))
				scene := set(t, p.Emulator(), projectOf(i))
				if err := p.Emulator().SetFaults(hang.rules(op.rpc, 0)); err != nil {
					t.Fatal(err)
				}
				want := timeout
				if op.creates() {
					want = unknown
				}
				r := hurry(t, s.GRPC, op, scene)
				for n := 1; n < tries && r.Lost(); n++ {
					r = hurry(t, s.GRPC, op, scene)
				}
				if r.Told() != want {
					t.Errorf("told %s, want %s: %v", r.Told(), want, r)
				}
			})
		}
	})
	strike(t, s)
}

// hurry makes a call that has little time.
func hurry(t *testing.T, door stage.Door, op operation, at scene) *stage.Refusal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	return door.Call(ctx, methodPrefix+op.rpc, op.request(at), op.response())
}
