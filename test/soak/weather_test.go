package soak_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
)

// A weather is what goes wrong at a DLI for a while.
type weather struct {
	name  string
	rules []emulator.Rule
}

const everything = "*"

// weathers are those that change. None lets DLI execute a call that it has not
// begun when the caller was told: what is executed after it was repeated, answered
// and taken back again, no caller can know of.
func weathers() []weather {
	ms := func(n int) emulator.Duration { return emulator.Duration(time.Duration(n) * time.Millisecond) }
	some := func(p float64, f emulator.Fault) emulator.Rule {
		return emulator.Rule{Operation: everything, Probability: p, Fault: f}
	}
	creates := func(p float64, f emulator.Fault) emulator.Rule {
		return emulator.Rule{Operation: "CreateEnhancedConnection", Probability: p, Fault: f}
	}
	status := func(code int) emulator.Fault { return emulator.Fault{Kind: emulator.Status, Status: code} }
	committed := func(f emulator.Fault) emulator.Fault {
		f.Commit = true
		return f
	}
	throttle := status(429)
	throttle.RetryAfter = ms(1000)
	return []weather{
		{"calm", []emulator.Rule{}},
		{"brown-out", []emulator.Rule{some(0.3, status(503))}},
		{"throttled", []emulator.Rule{some(0.2, status(429)), some(0.1, throttle)}},
		{"resets", []emulator.Rule{
			some(0.1, emulator.Fault{Kind: emulator.ResetBefore}), some(0.1, emulator.Fault{Kind: emulator.ResetAfter}),
			some(0.15, emulator.Fault{Kind: emulator.DropAnswer}),
		}},
		{"slow", []emulator.Rule{
			some(0.3, emulator.Fault{Kind: emulator.Latency, Delay: ms(20)}), some(0.1, emulator.Fault{Kind: emulator.DelayAnswer, Delay: ms(100)}),
		}},
		{"hanging", []emulator.Rule{
			some(0.03, emulator.Fault{Kind: emulator.Hang}), some(0.03, committed(emulator.Fault{Kind: emulator.Hang})),
		}},
		{"gateway errors", []emulator.Rule{
			some(0.05, committed(status(500))), some(0.05, committed(status(502))), some(0.05, committed(status(503))),
			some(0.05, committed(status(504))), some(0.05, status(500)), some(0.05, status(502)), some(0.05, status(504)),
		}},
		{"garbage", []emulator.Rule{
			some(0.05, emulator.Fault{Kind: emulator.TruncatedBody}), some(0.05, emulator.Fault{Kind: emulator.WrongLength}),
			some(0.02, committed(emulator.Fault{Kind: emulator.EndlessBody})), some(0.05, committed(emulator.Fault{Kind: emulator.InvalidJSON})),
			some(0.05, emulator.Fault{Kind: emulator.HTML}), some(0.05, committed(emulator.Fault{Kind: emulator.HTML})),
		}},
		{"refusing", []emulator.Rule{
			some(0.05, emulator.Fault{Kind: emulator.Unsuccessful}), some(0.05, emulator.Fault{Kind: emulator.ExpiredToken}),
			some(0.05, emulator.Fault{Kind: emulator.Status, Status: 403, Code: "DLI.0003"}),
		}},
		{"lagging", []emulator.Rule{
			creates(0.5, emulator.Fault{Kind: emulator.SlowList, Delay: ms(200)}), creates(0.3, emulator.Fault{Kind: emulator.StuckCreating, Delay: ms(100)}),
			some(0.2, emulator.Fault{Kind: emulator.DropAnswer}),
		}},
		{"lost creates", []emulator.Rule{creates(0.8, emulator.Fault{Kind: emulator.DropAnswer})}},
		{"down", []emulator.Rule{some(1, status(503))}},
		{"cut off", []emulator.Rule{some(1, emulator.Fault{Kind: emulator.ResetBefore})}},
	}
}

// change changes the weather of a DLI until ctx ends, and then leaves it calm.
func change(ctx context.Context, t *testing.T, e *emulator.Emulator, random *rand.Rand) {
	all := weathers()
	for ctx.Err() == nil {
		w := all[random.IntN(len(all))]
		for i := range w.rules {
			w.rules[i].Seed = random.Uint64() | 1
		}
		if err := e.SetFaults(w.rules); err != nil {
			t.Errorf("%s: %v", w.name, err)
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
