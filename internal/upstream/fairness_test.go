package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/upstream"
)

// A line is calls that come one after the other, and the order in which they succeed.
type line struct {
	*bubble
	running sync.WaitGroup
	mu      sync.Mutex
	served  []string
	shed    int
}

// come makes n calls of a caller, one after the other in the order of coming.
func (l *line) come(ctx context.Context, t *testing.T, caller string, n int) {
	t.Helper()
	for i := range n {
		l.running.Go(func() {
			switch e := callCreate(as(ctx, caller), l.Router); {
			case e == nil:
				l.mu.Lock()
				l.served = append(l.served, fmt.Sprint(caller, i))
				l.mu.Unlock()
			case ctx.Err() == nil:
				wantKind(t, e, upstream.Shed, false)
				l.mu.Lock()
				l.shed++
				l.mu.Unlock()
			}
		})
		synctest.Wait()
	}
}

// inLine runs test before a DLI that takes places calls at once, each for how long.
func inLine(t *testing.T, places int32, maxWaiting int, takes time.Duration, test func(t *testing.T, l *line)) {
	t.Helper()
	handler := slowlyBy(takes, answer(200, `{}`))
	inBubbleWith(t, upstream.Options{MaxWaiting: maxWaiting}, limited(places), handler, func(t *testing.T, b *bubble) {
		l := &line{bubble: b}
		test(t, l)
		l.running.Wait()
		synctest.Wait()
		if s := b.stats(t); s.inFlight != 0 || b.Callers(project) != 0 {
			t.Errorf("%d calls in flight and %d callers known at the end", s.inFlight, b.Callers(project))
		}
	})
}

// Callers have places by turns, each in the order of coming.
func TestTurns(t *testing.T) {
	inLine(t, 1, 0, 10*time.Millisecond, func(t *testing.T, l *line) {
		l.come(t.Context(), t, "a", 6)
		l.come(t.Context(), t, "b", 2)
		l.come(t.Context(), t, "c", 1)
		l.running.Wait()
		if want := []string{"a0", "a1", "b0", "c0", "a2", "b1", "a3", "a4", "a5"}; !slices.Equal(l.served, want) {
			t.Errorf("served %v, want %v", l.served, want)
		}
	})
}

// A caller with slow calls has no more places than one with fast calls.
func TestSlowCallsHaveNoMorePlaces(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/slow") {
			time.Sleep(90 * time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
		answer(200, `{}`)(w, r)
	}
	inBubble(t, limited(10), handler, func(t *testing.T, b *bubble) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		var fast atomic.Int64
		for i := range 20 {
			running.Go(func() {
				for ctx.Err() == nil {
					_ = getIn(as(ctx, "slow"), b.Router, project, fmt.Sprint("slow", i))
				}
			})
			running.Go(func() {
				for ctx.Err() == nil {
					if getIn(as(ctx, "fast"), b.Router, project, fmt.Sprint("fast", i)) == nil {
						fast.Add(1)
					}
				}
			})
		}
		time.Sleep(900 * time.Millisecond) // it is still a burst
		stop()
		running.Wait()
		// Five places serve 500 calls a second; if callers had places by turns alone, it were 91.
		if n := fast.Load(); n < 300 {
			t.Errorf("%d fast calls were served", n)
		}
	})
}

// A caller with 500 waiting calls delays another's single call by one round.
func TestLongLineDelaysNobodyElse(t *testing.T) {
	inLine(t, 2, 0, 2*time.Millisecond, func(t *testing.T, l *line) {
		l.come(t.Context(), t, "a", 502)
		l.come(t.Context(), t, "b", 1)
		l.running.Wait()
		if at := slices.Index(l.served, "b0"); at < 0 || at > 4 || len(l.served) != 503 {
			t.Errorf("b was served as number %d of %d", at, len(l.served))
		}
	})
}

// 256 callers at once before a fast DLI are served, though 200 are in flight at most.
func TestManyAtOnceAreServed(t *testing.T) {
	inLine(t, 200, 300, 100*time.Millisecond, func(t *testing.T, l *line) {
		for range 256 {
			l.running.Go(func() {
				if err := callCreate(t.Context(), l.Router); err != nil {
					t.Errorf("Call: %v", err)
				}
			})
		}
		l.running.Wait()
		if most := l.mostInFlight.Load(); most != 200 {
			t.Errorf("%d were in flight, want 200", most)
		}
	})
}

// One caller has at most three quarters of the places to wait.
func TestOneCallerDoesNotFillTheLine(t *testing.T) {
	inLine(t, 1, 8, 10*time.Millisecond, func(t *testing.T, l *line) {
		l.come(t.Context(), t, "a", 8) // one in flight, 6 wait
		if l.shed != 1 {
			t.Errorf("%d calls of a were shed, want 1", l.shed)
		}
		l.come(t.Context(), t, "b", 3)
		if l.shed != 2 {
			t.Errorf("%d calls were shed, want one more, of b", l.shed)
		}
	})
}

// Who cancels leaves the line, and its turn with its last call.
func TestLeavingTheLine(t *testing.T) {
	inLine(t, 1, 0, 10*time.Millisecond, func(t *testing.T, l *line) {
		gone, leave := context.WithCancel(t.Context())
		l.come(t.Context(), t, "a", 2)
		l.come(gone, t, "b", 3)
		l.come(t.Context(), t, "c", 1)
		l.come(gone, t, "a", 1)
		l.come(t.Context(), t, "a", 1)
		leave()
		l.running.Wait()
		if want := []string{"a0", "a1", "c0", "a0"}; !slices.Equal(l.served, want) || l.shed != 0 {
			t.Errorf("served %v, want %v; %d were shed", l.served, want, l.shed)
		}
	})
}

// A place that comes just as its caller leaves goes to the next one.
func TestPlaceOfOneWhoLeaves(t *testing.T) {
	inLine(t, 1, 0, 10*time.Millisecond, func(t *testing.T, l *line) {
		for range 200 {
			l.served = nil
			gone, leave := context.WithTimeout(t.Context(), 10*time.Millisecond) // when a0 ends
			l.come(t.Context(), t, "a", 1)
			l.come(gone, t, "b", 1)
			l.come(t.Context(), t, "c", 1)
			l.running.Wait()
			leave()
			if !slices.Contains(l.served, "c0") {
				t.Fatalf("served %v, want c0 among them", l.served)
			}
			time.Sleep(2 * time.Second) // or it is an overload
		}
	})
}

// While one caller keeps the limit reached, others are served, one call after another, and
// the calls of that one beyond the limit are rejected at once.
func TestOverloadOfOneCaller(t *testing.T) {
	inLine(t, 10, 300, 100*time.Millisecond, func(t *testing.T, l *line) {
		ctx, stop := context.WithCancel(t.Context())
		var slow atomic.Int64
		for range 50 {
			l.running.Go(func() {
				for ctx.Err() == nil {
					began := time.Now()
					if e := callCreate(as(ctx, "greedy"), l.Router); e != nil && ctx.Err() == nil {
						wantKind(t, e, upstream.Shed, false)
						if time.Since(began) > 0 {
							slow.Add(1)
						}
						time.Sleep(time.Millisecond)
					}
				}
			})
		}
		began := time.Now()
		for i := range 60 {
			if time.Since(began) < 3*time.Second {
				slow.Store(0) // those of the burst, which wait for a second
			}
			if err := callCreate(as(t.Context(), "modest"), l.Router); err != nil {
				t.Errorf("call %d of the other: %v", i, err)
			}
		}
		if n := slow.Load(); n > 0 {
			t.Errorf("%d calls of the greedy one were rejected after a wait", n)
		}
		stop()
	})
}

// At 15 times what DLI takes, by more callers than it has places, no more wait than have a
// place, and the others are rejected at once.
func TestOverloadOfManyCallers(t *testing.T) {
	inLine(t, 10, 300, 100*time.Millisecond, func(t *testing.T, l *line) {
		end := time.Now().Add(5 * time.Second)
		var served, waited atomic.Int64
		for i := range 150 {
			l.running.Go(func() {
				for time.Now().Before(end) {
					began := time.Now()
					e := callCreate(as(t.Context(), fmt.Sprint("caller ", i)), l.Router)
					switch took := time.Since(began); {
					case e == nil:
						served.Add(1)
					case took > 0 && time.Until(end) < 3*time.Second:
						waited.Add(1)
					}
					time.Sleep(50 * time.Millisecond)
				}
			})
		}
		l.running.Wait()
		if served.Load() < 450 || waited.Load() > 0 {
			t.Errorf("%d calls were served of 500, %d rejected after a wait", served.Load(), waited.Load())
		}
	})
}
