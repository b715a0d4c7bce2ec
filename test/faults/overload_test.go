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

// A DLI that has few places, each call of which takes its time; who finds none
// waits. That makes its peak: places divided by time.
const (
	places    = 8
	placeTime = 100 * time.Millisecond
	peakRate  = float64(places) / (float64(placeTime) / float64(time.Second)) // calls a second
	overload  = 5
)

func fewPlaces(dli http.Handler) http.Handler { return gate{make(chan struct{}, places), dli} }

type gate struct {
	places chan struct{}
	dli    http.Handler
}

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case g.places <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	time.Sleep(placeTime)
	<-g.places
	g.dli.ServeHTTP(w, r)
}

// takeOverload takes what becomes of calls that come five times as fast as DLI can
// answer them. All ask for something else, so that none share an answer.
func takeOverload(t *testing.T) []figure {
	var rows []figure
	for _, load := range []struct {
		name string
		most int32
	}{{"default limit", 200}, {"limit set to what DLI takes", 2 * places}} {
		u := documented()
		u.Protection.MaxConcurrency = load.most
		rows = append(rows, takeOverloadOf(t, load.name, u)...)
	}
	return rows
}

func takeOverloadOf(t *testing.T, name string, u *configv1.Upstream) []figure {
	u.Timeout = durationpb.New(10 * time.Second)
	b := newBench(t, much(300, 2000), u)
	defer strike(t, b.Stage)
	g := fewPlaces(b.dli.Emulator())
	b.dli.Wrap(func(http.Handler) http.Handler { return g })
	window := time.Duration(much(500, 10_000)) * time.Millisecond

	peak := b.closedLoop(t, window)
	before := heap()
	s, good, most := b.openLoop(t, window)
	s.check(t, ok, "OVERLOADED", timeout)
	goodput := float64(good) / window.Seconds()
	refused := s.told["OVERLOADED"]
	return []figure{
		{fmt.Sprintf("5x overload, %s: goodput, of the peak (%.0f/s)", name, peak), fmt.Sprintf("%.0f %%", 100*goodput/peak), "at least 90 %"},
		{fmt.Sprintf("5x overload, %s: refused with RetryInfo, timed out", name), fmt.Sprintf("%d, %d of %d", refused, s.told[timeout], len(s.took)), "the rest refused"},
		{fmt.Sprintf("5x overload, %s: heap before and at most", name), fmt.Sprintf("%d MiB, %d MiB", before>>20, most>>20), "bounded"},
	}
}

// closedLoop has as many callers as DLI has places, so that none waits, and returns
// how many calls succeed in a second.
func (b *bench) closedLoop(t *testing.T, window time.Duration) float64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), window)
	defer cancel()
	var s sample
	var wg sync.WaitGroup
	for i := range places {
		wg.Go(func() {
			for n := i; ctx.Err() == nil; n += places {
				r := b.GRPC.Call(t.Context(), methodPrefix+"GetEnhancedConnection", getOf(b.ids[n%len(b.ids)]), &connsvcv1.EnhancedConnection{})
				if ctx.Err() == nil {
					s.add(r, 0)
				}
			}
		})
	}
	wg.Wait()
	s.check(t, ok, "OVERLOADED")
	return float64(s.told[ok]) / window.Seconds()
}

// openLoop has calls come at their rate, whatever becomes of those before them, and
// returns what became of them, how many succeeded while calls came, and the largest
// heap.
func (b *bench) openLoop(t *testing.T, window time.Duration) (*sample, int64, uint64) {
	t.Helper()
	var s sample
	var good atomic.Int64
	var wg sync.WaitGroup
	var most uint64
	began := time.Now()
	for n := 0; time.Since(began) < window; {
		for due := int(time.Since(began).Seconds() * overload * peakRate); n < due; n++ {
			door, id := doors[n%2](b.Stage), b.ids[n%len(b.ids)]
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				called := time.Now()
				r := door.Call(ctx, methodPrefix+"GetEnhancedConnection", getOf(id), &connsvcv1.EnhancedConnection{})
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

// heap returns the bytes of objects in the heap, dead ones too.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
