package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A DLI that serves few calls at once, each for a fixed time, while the others wait.
// Its peak rate is slots divided by that time.
const (
	slots    = 8
	slotTime = 100 * time.Millisecond
	peakRate = float64(slots) / (float64(slotTime) / float64(time.Second)) // calls a second
	overload = 5
)

func fewSlots(dli http.Handler) http.Handler { return gate{make(chan struct{}, slots), dli} }

type gate struct {
	slots chan struct{}
	dli   http.Handler
}

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case g.slots <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	time.Sleep(slotTime)
	<-g.slots
	g.dli.ServeHTTP(w, r)
}

// measureOverload measures calls at five times DLI's peak rate. No two read the same,
// so that none share a call to DLI.
func measureOverload(t *testing.T) []figure {
	var rows []figure
	for _, load := range []struct {
		name string
		most int32
	}{{"default limit", 200}, {"limit set to what DLI takes", 2 * slots}} {
		u := documented()
		u.Protection.MaxConcurrency = load.most
		rows = append(rows, measureOverloadWith(t, load.name, u)...)
	}
	return rows
}

func measureOverloadWith(t *testing.T, name string, u *configv1.Upstream) []figure {
	u.Timeout = durationpb.New(10 * time.Second)
	b := newBench(t, scaled(300, 2000), u)
	defer closeStage(t, b.Stage)
	g := fewSlots(b.dli.Emulator())
	b.dli.Wrap(func(http.Handler) http.Handler { return g })
	window := time.Duration(scaled(500, 10_000)) * time.Millisecond

	peak := b.closedLoop(t, window)
	before := heap()
	s, good, most := b.openLoop(t, window)
	s.check(t, ok, "OVERLOADED", timeout)
	goodput := float64(good) / window.Seconds()
	shed := s.outcomes["OVERLOADED"]
	return []figure{
		{fmt.Sprintf("5x overload, %s: goodput, of the peak (%.0f/s)", name, peak), fmt.Sprintf("%.0f %%", 100*goodput/peak), "at least 90 %"},
		{fmt.Sprintf("5x overload, %s: rejected with RetryInfo, timed out", name), fmt.Sprintf("%d, %d of %d", shed, s.outcomes[timeout], len(s.took)), "the rest rejected"},
		{fmt.Sprintf("5x overload, %s: heap before and at most", name), fmt.Sprintf("%d MiB, %d MiB", before>>20, most>>20), "bounded"},
	}
}

// closedLoop calls from as many callers as DLI has slots, so that none waits, and
// returns the successful calls per second.
func (b *bench) closedLoop(t *testing.T, window time.Duration) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), window)
	defer cancel()
	var s sample
	var wg sync.WaitGroup
	for i := range slots {
		wg.Go(func() {
			for n := i; ctx.Err() == nil; n += slots {
				r := b.GRPC.Call(t.Context(), methodPrefix+"GetEnhancedConnection", getOf(b.ids[n%len(b.ids)]), &connsvcv1.EnhancedConnection{})
				if ctx.Err() == nil {
					s.add(r, 0)
				}
			}
		})
	}
	wg.Wait()
	s.check(t, ok, "OVERLOADED")
	return float64(s.outcomes[ok]) / window.Seconds()
}

// openLoop calls at a fixed rate, however long earlier calls take. It returns the
// outcomes, the number of successes within the window, and the largest heap.
func (b *bench) openLoop(t *testing.T, window time.Duration) (*sample, int64, uint64) {
	t.Helper()
	var s sample
	var good atomic.Int64
	var wg sync.WaitGroup
	var most uint64
	began := time.Now()
	for n := 0; time.Since(began) < window; {
		for due := int(time.Since(began).Seconds() * overload * peakRate); n < due; n++ {
			client, id := clients[n%2](b.Stage), b.ids[n%len(b.ids)]
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
				defer cancel()
				called := time.Now()
				r := client.Call(ctx, methodPrefix+"GetEnhancedConnection", getOf(id), &connsvcv1.EnhancedConnection{})
				s.add(r, time.Since(called))
				if r == nil && time.Since(began) < window {
					good.Add(1)
				}
			})
		}
		most = max(most, heap())
		time.Sleep(5 * time.Millisecond)
	}
	wg.Wait()
	return &s, good.Load(), most
}

// heap returns the bytes of the objects in the heap, including unreachable ones.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
