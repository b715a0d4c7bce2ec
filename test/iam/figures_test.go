package iam_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// TestFigures has a third of the projects rejected by IAM, a third wait for a slow IAM, and a
// third healthy, and compares what the healthy ones see with and without the others. The
// two take turns, so that other work on the machine affects both.
func TestFigures(t *testing.T) {
	projects, rounds, span := 24, 1, time.Second
	if *figures {
		projects, rounds, span = 256, 5, 4*time.Second
	}
	c := newCloud(t)
	s := serve(t, c.upstream("a"))
	c.fail(t,
		rule(faults.IAMOperation, "rejected*", status(401)),
		rule(faults.IAMOperation, "slow*", lasting(faults.Latency, time.Minute)),
		rule(faults.IAMOperation, "", lasting(faults.ShortLife, time.Minute)),
		rule(faults.AnyOperation, "", lasting(faults.Latency, 10*time.Millisecond)))
	third := projects / 3
	for n := range third { // each gets its token when its turn comes
		for deadline := time.Now().Add(patience); call(t.Context(), s.GRPC, fmt.Sprint("healthy", n)) != nil; time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("a healthy project gets no token")
			}
		}
	}
	var alone, mixed, others tally
	var ratios []float64
	for range rounds {
		var one, two tally
		work(t, s, span, third, &one, nil)
		work(t, s, span, third, &two, &others)
		ratios = append(ratios, float64(two.percentile(.99))/float64(one.percentile(.99)))
		alone.add(&one)
		mixed.add(&two)
	}
	slices.Sort(ratios)
	t.Logf("%d projects, a third each rejected, slow and healthy", projects)
	t.Logf("healthy, alone: %v, 99th percentile %v", &alone, alone.percentile(.99).Round(100*time.Microsecond))
	t.Logf("healthy, with the others: %v, 99th percentile %v, %.2f x (median of %d rounds: %.2f)", &mixed,
		mixed.percentile(.99).Round(100*time.Microsecond), ratios[len(ratios)/2], rounds, ratios)
	t.Logf("the others: %v", &others)
	c.atMostTen(t)
	if good := mixed.outcomes["OK"]; float64(good) < .999*float64(len(mixed.took)) {
		t.Errorf("the healthy projects saw %v, first %v", &mixed, mixed.first)
	}
}

// work has 8 callers call healthy projects for a time, and 8 more the others.
func work(t *testing.T, s *stage.Stage, span time.Duration, third int, good, bad *tally) {
	t.Helper()
	end := time.Now().Add(span)
	var running sync.WaitGroup
	callers := func(y *tally, kinds ...string) {
		for worker := range 8 {
			running.Go(func() {
				for n := worker; time.Now().Before(end); n++ {
					y.call(t, s.Clients()[n%2], fmt.Sprint(kinds[n%len(kinds)], n%third))
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
	callers(good, healthy)
	if bad != nil {
		callers(bad, "rejected", "slow")
	}
	running.Wait()
}

// add adds the calls of another tally.
func (y *tally) add(other *tally) {
	y.took = append(y.took, other.took...)
	if y.outcomes == nil {
		y.outcomes = make(map[string]int)
	}
	for outcome, n := range other.outcomes {
		y.outcomes[outcome] += n
	}
	if y.first == nil {
		y.first = other.first
	}
}
