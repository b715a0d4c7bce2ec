package upstream_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// However many calls fail, the repeats are within the budget.
func TestStormIsBounded(t *testing.T) {
	const calls = 500
	for percent, most := range map[int32]int64{0: calls, 5: calls + calls/20 + 11, 20: calls + calls/5 + 11, 100: 2*calls + 11} {
		cfg := retrying(10)
		cfg.Retry.BudgetPercent, cfg.Retry.BaseDelay = &percent, durationpb.New(time.Microsecond)
		inBubble(t, cfg, answer(503, ""), func(t *testing.T, b *bubble) {
			for range calls {
				wantKind(t, callRemove(t.Context(), b.Router), upstream.Status, true)
			}
			if got := b.requests.Load(); got > most || percent > 0 && got < most-12 {
				t.Errorf("%d requests of %d calls with a budget of %d %%, want %d", got, calls, percent, most)
			}
		})
	}
}

// Who calls rarely can have a repeat, though no calls pay for it.
func TestRareCallsAreRepeated(t *testing.T) {
	percent := int32(20)
	cfg := retrying(2)
	cfg.Retry.BudgetPercent = &percent
	inBubble(t, cfg, answer(503, ""), func(t *testing.T, b *bubble) {
		for range 100 {
			_ = callGet(t.Context(), b.Router)
			time.Sleep(time.Minute)
		}
		if got := b.requests.Load(); got != 200 {
			t.Errorf("%d requests of 100 calls, want 200", got)
		}
	})
}

// A source whose calls all fail, and be they many, leaves other sources the repeats that their
// calls pay for: another caller, and the same caller in another project.
func TestOneSourceDoesNotUseUpTheBudget(t *testing.T) {
	var seen atomic.Int64
	handler := func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/pbad/"):
			answer(429, "")(w, r)
		case seen.Add(1)%7 == 0:
			answer(503, "")(w, r)
		default:
			answer(200, `{}`)(w, r)
		}
	}
	for name, caller := range map[string]string{"another caller": "alice", "another project": "mallory"} {
		t.Run(name, func(t *testing.T) {
			percent := int32(20)
			cfg := retrying(5)
			cfg.Retry.BudgetPercent = &percent
			inBubble(t, cfg, handler, func(t *testing.T, b *bubble) {
				ctx, stop := context.WithCancel(t.Context())
				var running sync.WaitGroup
				for i := range 50 {
					running.Go(func() {
						for ctx.Err() == nil {
							_ = getIn(as(ctx, "mallory"), b.Router, "pbad", fmt.Sprint("c", i))
							time.Sleep(time.Second)
						}
					})
				}
				failed := 0
				for range 200 {
					time.Sleep(250 * time.Millisecond)
					if getIn(as(ctx, caller), b.Router, "pgood", "c") != nil {
						failed++
					}
				}
				if failed > 0 {
					t.Errorf("%d of 200 calls failed", failed)
				}
				stop()
				running.Wait()
			})
		})
	}
}

// What is known of sources is bounded, those beyond it can have repeats, and an idle hour
// makes room.
func TestAccountsAreBounded(t *testing.T) {
	percent := int32(20)
	cfg := retrying(2)
	cfg.Retry.BudgetPercent, cfg.Retry.BaseDelay = &percent, durationpb.New(time.Microsecond)
	inBubble(t, cfg, answer(503, ""), func(t *testing.T, b *bubble) {
		_, _, most := b.Sources("p")
		for round := range 2 {
			for i := range most + 10 {
				_ = getIn(t.Context(), b.Router, fmt.Sprint("p", i), "c")
			}
			if n := b.Accounts("p"); n != most {
				t.Errorf("%d accounts are known, want %d", n, most)
			}
			time.Sleep(time.Hour)
			before := b.requests.Load()
			_ = getIn(t.Context(), b.Router, fmt.Sprint("late", round), "c")
			if n := b.Accounts("p"); n != 1 || b.requests.Load() != before+2 {
				t.Errorf("%d accounts are known, and %d requests were sent", n, b.requests.Load()-before)
			}
		}
	})
}

// A brown-out: 30 % of all answers are 503. The bound on DLI's load holds always;
// how many reads succeed depends on how many share an answer (docs/reliability.md).
func TestBrownOut(t *testing.T) {
	for _, tt := range []struct {
		name           string
		callers, calls int
		attempts       int32
		succeeded      float64 // at least
	}{
		{"nothing shared", 1, 2_000, 3, 0.81},
		{"shared", 64, 6_000, 3, 0.96},
		{"shared, five attempts", 64, 6_000, 5, 0.99},
	} {
		t.Run(tt.name, func(t *testing.T) {
			percent := int32(20)
			cfg := retrying(tt.attempts)
			cfg.Retry.BudgetPercent = &percent
			inBubble(t, cfg, brownOut(), func(t *testing.T, b *bubble) {
				good := int(readAll(b, tt.callers, tt.calls))
				succeeded, load := float64(good)/float64(tt.calls), float64(b.requests.Load()-10)/float64(tt.calls)
				t.Logf("%.2f %% succeeded, at %.3f times the callers' calls", 100*succeeded, load)
				if succeeded < tt.succeeded || load > 1.2 {
					t.Errorf("%.2f %% succeeded, at %.3f times the callers' calls", 100*succeeded, load)
				}
			})
		})
	}
}

// brownOut takes 20 ms, and then fails 30 % of all requests.
func brownOut() http.HandlerFunc {
	var mu sync.Mutex
	random := rand.New(rand.NewPCG(1, 2))
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		mu.Lock()
		fails := random.Float64() < 0.3
		mu.Unlock()
		if fails {
			answer(503, "")(w, r)
			return
		}
		answer(200, `{"is_success":true}`)(w, r)
	}
}

// readAll has so many callers ask for one of 16 lists each, until so many calls
// are made. It returns how many were good.
func readAll(b *bubble, callers, calls int) int64 {
	var made, good atomic.Int64
	var running sync.WaitGroup
	for caller := range callers {
		random := rand.New(rand.NewPCG(uint64(caller), 3))
		running.Go(func() {
			for made.Add(1) <= int64(calls) {
				time.Sleep(time.Duration(random.IntN(5_000_000)))
				req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Name: fmt.Sprint("n", random.IntN(16))}
				if callOf(context.Background(), b.Router, list, req, &connsvcv1.ListEnhancedConnectionsResponse{}) == nil {
					good.Add(1)
				}
			}
		})
	}
	running.Wait()
	return good.Load()
}
