package pace_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/upstream/pace"
)

// A line is calls that come one after the other, and the order in which they go.
type line struct {
	*pace.Pace
	running sync.WaitGroup
	mu      sync.Mutex
	gone    []string
}

func (l *line) come(ctx context.Context, t *testing.T, caller string, n int) {
	t.Helper()
	for i := range n {
		l.running.Go(func() {
			if _, err := l.Wait(ctx, caller); err != nil {
				if !errors.Is(err, ctx.Err()) {
					t.Errorf("Wait: %v", err)
				}
				return
			}
			l.mu.Lock()
			defer l.mu.Unlock()
			l.gone = append(l.gone, fmt.Sprint(caller, i))
		})
		synctest.Wait()
	}
}

// Callers go by turns, each in the order of coming, and not faster than the pace.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line{Pace: pace.New(10, 2)}
		began := time.Now()
		l.come(t.Context(), t, "a", 6)
		l.come(t.Context(), t, "b", 2)
		l.come(t.Context(), t, "c", 1)
		l.running.Wait()
		if want := []string{"a0", "a1", "a2", "b0", "c0", "a3", "b1", "a4", "a5"}; !slices.Equal(l.gone, want) {
			t.Errorf("gone %v, want %v", l.gone, want)
		}
		if took := time.Since(began).Round(time.Millisecond); took != 700*time.Millisecond {
			t.Errorf("nine calls took %v, want 700ms", took)
		}
		time.Sleep(time.Minute)
		for i, want := range []bool{false, false, true} {
			if waited, err := l.Wait(t.Context(), "a"); waited != want || err != nil {
				t.Errorf("call %d after a pause: waited %t, %v", i, waited, err)
			}
		}
	})
}

// Who leaves gives up its turn, and takes nothing from those who stay.
func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := line{Pace: pace.New(10, 1)}
		ctx, leave := context.WithCancel(t.Context())
		began := time.Now()
		l.come(t.Context(), t, "a", 2)
		l.come(ctx, t, "b", 3)
		l.come(t.Context(), t, "b", 1)
		l.come(ctx, t, "c", 1)
		l.come(t.Context(), t, "d", 1)
		leave()
		l.running.Wait()
		if want := []string{"a0", "a1", "b0", "d0"}; !slices.Equal(l.gone, want) {
			t.Errorf("gone %v, want %v", l.gone, want)
		}
		if took := time.Since(began).Round(time.Millisecond); took != 300*time.Millisecond {
			t.Errorf("took %v, want 300ms", took)
		}
		// When all leave, nothing is left of them.
		ctx, leave = context.WithCancel(t.Context())
		l.come(ctx, t, "e", 3)
		leave()
		l.running.Wait()
		time.Sleep(time.Second)
		if waited, err := l.Wait(t.Context(), "f"); waited || err != nil {
			t.Errorf("after all left: waited %t, %v", waited, err)
		}
	})
}
