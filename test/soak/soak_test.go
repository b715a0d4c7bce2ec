package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
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
	callers  = 64
	projects = 8
)

// TestSoak runs callers while the faults change. In the end DLI has exactly the
// connections of their responses, and connsvc has not grown.
func TestSoak(t *testing.T) {
	chosen := *seed
	if chosen == 0 {
		chosen = rand.Uint64() | 1
	}
	t.Logf("%v, seed %d", *duration, chosen)
	iam, iamURL := newIAM(t)
	s := start(t, iamURL)
	var y tally
	warmUp(t, s)
	before := measure(s)

	ctx, cancel := context.WithTimeout(t.Context(), *duration)
	defer cancel()
	all := soak(ctx, t, s, iam, &y, chosen)
	for i := range projects {
		s.Project(projectOf(i)).Wait()
	}
	end := compare(s, &y, all)
	end.counters = counters(t, s)
	for i := range projects {
		s.Project(projectOf(i)).Replace(emulator.New(emulator.Options{}))
	}
	clear(all) // the heap of callers and DLI is not connsvc's
	report(t, s, &y, end, before, waitForSize(s, before))

	if err := s.Close(); err != nil {
		t.Error(err)
	}
	for _, line := range s.Log.Alarms() {
		t.Errorf("connsvc logged: %s", line)
	}
}

func projectOf(i int) string { return fmt.Sprintf("p%d", i) }

func start(t *testing.T, iam string) *stage.Stage {
	t.Helper()
	emulators := make(map[string]*emulator.Emulator, projects)
	for i := range projects {
		emulators[projectOf(i)] = emulator.New(emulator.Options{})
	}
	s, err := stage.New(stage.Options{
		Emulators: emulators,
		Upstream: func(project string) *configv1.Upstream {
			return &configv1.Upstream{
				Projects: []string{victim(project)}, Credentials: withPassword(iam),
				Timeout: durationpb.New(500 * time.Millisecond),
				Retry: &configv1.Retry{
					MaxAttempts: 3, BaseDelay: durationpb.New(10 * time.Millisecond), MaxDelay: durationpb.New(200 * time.Millisecond),
					BudgetPercent: proto.Int32(20),
				},
				Protection: &configv1.Protection{
					MaxConcurrency: 100, BreakerFailures: 20, BreakerDelay: durationpb.New(100 * time.Millisecond),
				},
				Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(2 * time.Second), ListLag: durationpb.New(400 * time.Millisecond)},
			}
		},
		Limits: &configv1.Limits{MaxResponseBytes: 64 << 10, CallTimeout: durationpb.New(callTimeout / 2)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// warmUp calls every project over both APIs, which creates what connsvc keeps for good.
func warmUp(t *testing.T, s *stage.Stage) {
	t.Helper()
	for i := range projects {
		for _, client := range s.Clients() {
			req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: projectOf(i)}
			if r := client.Call(t.Context(), methodPrefix+list, req, &connsvcv1.ListEnhancedConnectionsResponse{}); r != nil {
				t.Fatal(r)
			}
		}
	}
}

// soak runs faults and callers until ctx ends, and returns the callers when their last
// calls have completed.
func soak(ctx context.Context, t *testing.T, s *stage.Stage, iam *emulator.Emulator, y *tally, chosen uint64) []*caller {
	t.Helper()
	var wg sync.WaitGroup
	wg.Go(func() { hurtVictims(ctx, t, s, iam, rand.New(rand.NewPCG(chosen, projects+callers))) })
	for i := range projects {
		random := rand.New(rand.NewPCG(chosen, uint64(i)))
		wg.Go(func() { changeFaults(ctx, t, s.Project(projectOf(i)).Emulator(), random) })
	}
	all := make([]*caller, callers)
	for i := range all {
		all[i] = &caller{
			stage: s, tally: y, project: projectOf(i % projects), name: fmt.Sprintf("c%d", i),
			random: rand.New(rand.NewPCG(chosen, uint64(projects+i))),
		}
		wg.Go(func() { all[i].work(ctx) })
	}
	wg.Wait()
	return all
}
