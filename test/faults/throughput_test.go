package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/test/stage"
)

// takes is how long DLI takes for a call: another makes fewer than 10 a second. So few calls
// cost little processor time: that of rejected calls is not what these figures are about.
const takes = 100 * time.Millisecond

// others are the callers whose throughput is measured, one call after another each.
var others = []string{"a", "b", "c", "d"}

// measureThroughput measures what is left to others while one caller calls 20 times as often
// as it may, or as much as all others together, relative to the others alone.
func measureThroughput(t *testing.T) []figure {
	const quota, times = 10, 20 // calls per second, of a caller; the others stay just below it
	within := &configv1.Limits{PerCaller: &configv1.CallerLimits{CallsPerSecond: quota}}
	return []figure{
		measureBurst(t, 0), measureBurst(t, 1),
		measureOthers(t, fmt.Sprintf("one caller at %d times its quota", times), within, 200, func(ctx context.Context, call func() string) {
			began := time.Now()
			var calling sync.WaitGroup
			defer calling.Wait()
			for n := 0; ctx.Err() == nil; time.Sleep(time.Millisecond) {
				for due := int(time.Since(began).Seconds() * times * quota); n < due; n++ {
					calling.Go(func() { call() })
				}
			}
		}),
		measureOthers(t, fmt.Sprintf("no quotas, DLI takes 8 calls at once, one caller makes %d at once", times), nil, 8, func(ctx context.Context, call func() string) {
			var calling sync.WaitGroup
			defer calling.Wait()
			for range times {
				calling.Go(func() {
					for ctx.Err() == nil {
						if call() != ok {
							time.Sleep(takes)
						}
					}
				})
			}
		}),
	}
}

// measureOthers alternates spans with and without the calls of the greedy caller. No call of
// the others may fail.
func measureOthers(t *testing.T, what string, limits *configv1.Limits, places int32, attack func(ctx context.Context, call func() string)) figure {
	u := documented()
	u.Protection.MaxConcurrency = places
	s := newFairStage(t, u, limits, func(http.ResponseWriter, *http.Request) bool {
		time.Sleep(takes)
		return false
	})
	span := time.Duration(scaled(300, 5000)) * time.Millisecond
	var made, rejected, n atomic.Int64
	greedily := func() string {
		i := int(n.Add(1))
		made.Add(1)
		outcome := s.get(t.Context(), clients[i%2](s.Stage), greedy, "p1", badID(i)).Outcome()
		if outcome == "CALLER_QUOTA" || outcome == "OVERLOADED" {
			rejected.Add(1)
			return outcome
		}
		return ok
	}
	var alone, beside int64
	for range scaled(1, 4) {
		alone += s.othersServed(t, span)
		ctx, stop := context.WithCancel(t.Context())
		var attacking sync.WaitGroup
		attacking.Go(func() { attack(ctx, greedily) })
		beside += s.othersServed(t, span)
		stop()
		attacking.Wait()
	}
	if limits != nil && rejected.Load() == 0 || beside == 0 {
		t.Errorf("%s: %d calls of the greedy caller were rejected, %d of the others served", what, rejected.Load(), beside)
	}
	measured := fmt.Sprintf("%.1f %% (%d and %d calls; %d of %d rejected)", 100*float64(beside)/float64(alone), alone, beside, rejected.Load(), made.Load())
	wanted := "at least 95 %"
	if limits == nil {
		wanted = "no target"
	}
	return figure{what + ": throughput of the others", measured, wanted}
}

// measureBurst counts the calls that are served of 256 at once, more than an upstream has in
// flight, over one of the APIs.
func measureBurst(t *testing.T, api int) figure {
	const callers = 256
	s := newFairStage(t, documented(), nil, func(http.ResponseWriter, *http.Request) bool { return false })
	ring := []stage.Client{s.Clients()[api]}
	for range 2 * (1 - api) { // a gRPC connection has 100 streams
		client, err := s.AnotherGRPC()
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = client.Close() }()
		ring = append(ring, client)
	}
	var served atomic.Int64
	var calling sync.WaitGroup
	for i := range callers {
		calling.Go(func() {
			if r := s.get(t.Context(), ring[i%len(ring)], others[i%len(others)], "p0", badID(i)); r.Outcome() == "CONNECTION_NOT_FOUND" {
				served.Add(1)
			}
		})
	}
	calling.Wait()
	return figure{"calls at once over " + ring[0].Name() + ", served", fmt.Sprintf("%d of %d", served.Load(), callers), "all"}
}

// othersServed returns how many calls of the others succeed in a span.
func (s *fairStage) othersServed(t *testing.T, span time.Duration) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), span)
	defer cancel()
	var served atomic.Int64
	var calling sync.WaitGroup
	for _, caller := range others {
		calling.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				client := clients[n%2](s.Stage)
				if r := s.get(t.Context(), client, caller, "p0", s.id); r != nil {
					t.Errorf("a call of %s: %v", caller, r)
				}
				served.Add(1)
			}
		})
	}
	calling.Wait()
	return served.Load()
}
