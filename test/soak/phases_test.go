package soak_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// A phase is the set of faults that a DLI has for a while.
type phase struct {
	name  string
	rules []faults.Rule
}

const everything = "*"

// lag is how late lists are and POSTs are executed. It is shorter than minAge: a late POST
// after its connection was deleted would make it again, and the end state would be
// unpredictable.
const lag = 150 * time.Millisecond

// lags returns the lags and clocks, which the faults of each phase come in addition to.
func lags() []phase {
	of := func(operation string, kind faults.Kind, d time.Duration) faults.Rule {
		return faults.Rule{Operation: operation, Fault: faults.Fault{Kind: kind, Delay: faults.Duration(d)}}
	}
	replicas, late := of(list, faults.OldList, lag), of(create, faults.LateCommit, lag)
	replicas.Every, late.Probability = 2, 0.3
	return []phase{
		{"lists late for each connection", []faults.Rule{of(create, faults.SlowList, lag), of("DeleteEnhancedConnection", faults.SlowList, lag)}},
		{"lists as snapshots", []faults.Rule{of(list, faults.SnapshotList, lag)}},
		{"tags late", []faults.Rule{of(create, faults.SlowTags, lag)}},
		{"Date ahead", []faults.Rule{of(everything, faults.ShiftedDate, 2*time.Second)}},
		{"Date behind", []faults.Rule{of(everything, faults.ShiftedDate, -2*time.Second)}},
		{"creates executed late", []faults.Rule{late}},
		{"one of two replicas late", []faults.Rule{replicas}},
	}
}

// phases returns all phases. In none does DLI begin to execute a call after its caller
// had a response: by then the caller may have retried and undone it.
func phases() []phase {
	ms := func(n int) faults.Duration { return faults.Duration(time.Duration(n) * time.Millisecond) }
	some := func(p float64, f faults.Fault) faults.Rule {
		return faults.Rule{Operation: everything, Probability: p, Fault: f}
	}
	creates := func(p float64, f faults.Fault) faults.Rule {
		return faults.Rule{Operation: create, Probability: p, Fault: f}
	}
	status := func(code int) faults.Fault { return faults.Fault{Kind: faults.Status, Status: code} }
	committed := func(f faults.Fault) faults.Fault {
		f.Commit = true
		return f
	}
	throttle := status(429)
	throttle.RetryAfter = ms(1000)
	return []phase{
		{"calm", []faults.Rule{}},
		{"brown-out", []faults.Rule{some(0.3, status(503))}},
		{"throttled", []faults.Rule{some(0.2, status(429)), some(0.1, throttle)}},
		{"resets", []faults.Rule{
			some(0.1, faults.Fault{Kind: faults.ResetBefore}), some(0.1, faults.Fault{Kind: faults.ResetAfter}),
			some(0.15, faults.Fault{Kind: faults.DropAnswer}),
		}},
		{"slow", []faults.Rule{
			some(0.3, faults.Fault{Kind: faults.Latency, Delay: ms(20)}), some(0.1, faults.Fault{Kind: faults.DelayAnswer, Delay: ms(100)}),
		}},
		{"hanging", []faults.Rule{
			some(0.03, faults.Fault{Kind: faults.Hang}), some(0.03, committed(faults.Fault{Kind: faults.Hang})),
		}},
		{"gateway errors", []faults.Rule{
			some(0.05, committed(status(500))), some(0.05, committed(status(502))), some(0.05, committed(status(503))),
			some(0.05, committed(status(504))), some(0.05, status(500)), some(0.05, status(502)), some(0.05, status(504)),
		}},
		{"garbage", []faults.Rule{
			some(0.05, faults.Fault{Kind: faults.TruncatedBody}), some(0.05, faults.Fault{Kind: faults.WrongLength}),
			some(0.02, committed(faults.Fault{Kind: faults.EndlessBody})), some(0.05, committed(faults.Fault{Kind: faults.InvalidJSON})),
			some(0.05, faults.Fault{Kind: faults.HTML}), some(0.05, committed(faults.Fault{Kind: faults.HTML})),
		}},
		{"rejecting", []faults.Rule{
			some(0.05, faults.Fault{Kind: faults.Unsuccessful}), some(0.05, faults.Fault{Kind: faults.ExpiredToken}),
			some(0.05, faults.Fault{Kind: faults.Status, Status: 403, Code: "DLI.0003"}),
		}},
		{"lagging", []faults.Rule{
			creates(0.5, faults.Fault{Kind: faults.SlowList, Delay: ms(200)}), creates(0.3, faults.Fault{Kind: faults.StuckCreating, Delay: ms(100)}),
			some(0.2, faults.Fault{Kind: faults.DropAnswer}),
		}},
		{"lost creates", []faults.Rule{creates(0.8, faults.Fault{Kind: faults.DropAnswer})}},
		{"down", []faults.Rule{some(1, status(503))}},
		{"cut off", []faults.Rule{some(1, faults.Fault{Kind: faults.ResetBefore})}},
	}
}

// changeFaults changes the faults of a DLI until ctx ends, and then removes them. The
// phases are random, and each has the next lag.
func changeFaults(ctx context.Context, t *testing.T, e *emulator.Emulator, random *rand.Rand) {
	all, lags := phases(), lags()
	for n := random.IntN(len(lags)); ctx.Err() == nil; n++ {
		w, l := all[random.IntN(len(all))], lags[n%len(lags)]
		rules := slices.Concat(l.rules, w.rules)
		for i := range rules {
			rules[i].Seed = random.Uint64() | 1
		}
		if err := e.SetFaults(rules); err != nil {
			t.Errorf("%s, %s: %v", w.name, l.name, err)
		}
		wait(ctx, time.Duration(100+random.IntN(200))*time.Millisecond)
	}
	if err := e.SetFaults(nil); err != nil {
		t.Error(err)
	}
}

func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
