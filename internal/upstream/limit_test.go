package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

func limited(largest int32) *configv1.Upstream {
	u := withToken("http://127.0.0.1:1")
	u.Protection = &configv1.Protection{MaxConcurrency: largest}
	return u
}

// While the limit stays reached, a first call waits for a second and the next ones are
// refused at once. A caller who goes frees a place.
func TestLimit(t *testing.T) {
	for name, call := range map[string]func(ctx context.Context, r *upstream.Router, i int) error{
		"create": func(ctx context.Context, r *upstream.Router, _ int) error { return callCreate(ctx, r) },
		"read": func(ctx context.Context, r *upstream.Router, i int) error {
			req := getRequest()
			req.ConnectionId = fmt.Sprint("c", i)
			_, resp := requestOf(t, get)
			return callOf(ctx, r, get, req, resp)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, limited(10), hang, func(t *testing.T, b *bubble) {
				ctx, cancel := context.WithCancel(t.Context())
				var running sync.WaitGroup
				for i := range 10 {
					running.Go(func() { wantKind(t, call(ctx, b.Router, i), upstream.Cancelled, true) })
				}
				synctest.Wait()
				start := time.Now()
				e := wantKind(t, call(t.Context(), b.Router, 10), upstream.Shed, false)
				if e.RetryAfter != time.Second || time.Since(start) != time.Second {
					t.Errorf("refused after %v, retry after %v", time.Since(start), e.RetryAfter)
				}
				start = time.Now()
				wantKind(t, call(t.Context(), b.Router, 11), upstream.Shed, false)
				if time.Since(start) != 0 {
					t.Errorf("refused after %v of overload", time.Since(start))
				}
				if s := b.stats(t); s.inFlight != 10 || s.limit != 10 || s.shedByLimit != 2 {
					t.Errorf("stats %+v", s)
				}
				cancel()
				running.Wait()
				synctest.Wait()
				if s := b.stats(t); s.inFlight != 0 {
					t.Errorf("stats %+v after all have gone", s)
				}
				short, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				wantKind(t, call(short, b.Router, 0), upstream.Timeout, true)
			})
		})
	}
}

// Callers who come at once before a fast DLI wait for a place, in the order of coming.
func TestBurstIsNoOverload(t *testing.T) {
	fast := func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(100 * time.Millisecond)
		answer(200, `{}`)(w, r)
	}
	inBubble(t, limited(10), fast, func(t *testing.T, b *bubble) {
		for range 3 {
			var running sync.WaitGroup
			var mu sync.Mutex
			var ended []int
			for i := range 50 {
				running.Go(func() {
					if err := callCreate(t.Context(), b.Router); err != nil {
						t.Errorf("call %d: %v", i, err)
					}
					mu.Lock()
					ended = append(ended, i/10)
					mu.Unlock()
				})
				synctest.Wait()
			}
			running.Wait()
			if !slices.IsSorted(ended) {
				t.Errorf("calls by tens ended in the order %v", ended)
			}
			time.Sleep(2 * time.Second)
		}
		if s := b.stats(t); s.shedByLimit != 0 || b.mostInFlight.Load() != 10 {
			t.Errorf("stats %+v", s)
		}
	})
}

// A caller who goes while it waits for a place leaves no trace.
func TestCallerLeavesTheQueue(t *testing.T) {
	inBubble(t, limited(1), hang, func(t *testing.T, b *bubble) {
		first, cancelFirst := context.WithCancel(t.Context())
		second, cancelSecond := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { wantKind(t, callCreate(first, b.Router), upstream.Cancelled, true) })
		synctest.Wait()
		running.Go(func() { wantKind(t, callCreate(second, b.Router), upstream.Cancelled, false) })
		synctest.Wait()
		cancelSecond()
		synctest.Wait()
		cancelFirst()
		running.Wait()
		synctest.Wait()
		if s := b.stats(t); s.inFlight != 0 || s.shedByLimit != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// Those who share a read take one place.
func TestSharedReadsTakeOnePlace(t *testing.T) {
	inBubble(t, limited(1), slowly(answer(200, `{}`)), func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for range 20 {
			running.Go(func() {
				if err := callGet(t.Context(), b.Router); err != nil {
					t.Error(err)
				}
			})
		}
		running.Wait()
	})
}

// Beyond what DLI can take at once, each call slows all others down. The limit
// falls while answers take longer than they used to, what goes through stays, the
// rest is refused, and the limit rises again afterwards.
func TestOverload(t *testing.T) {
	const capacity, largest = 10, 30
	var inFlight atomic.Int64
	handler := func(w http.ResponseWriter, r *http.Request) {
		n := inFlight.Add(1)
		defer inFlight.Add(-1)
		time.Sleep(100 * time.Millisecond * time.Duration(max(n, capacity)) / capacity)
		answer(200, `{}`)(w, r)
	}
	inBubble(t, limited(largest), handler, func(t *testing.T, b *bubble) {
		const second = capacity * int64(time.Second/(100*time.Millisecond)) // calls that DLI can take
		load(b, capacity, 5*time.Second)
		if got := b.stats(t); got.limit != largest || got.shedByLimit > 0 {
			t.Errorf("stats %+v without overload", got)
		}
		lowest := int64(largest)
		for nth := range 10 {
			good, shed := load(b, 5*capacity, time.Second)
			if good < second*9/10 || shed == 0 && nth > 0 { // the first second is a burst
				t.Errorf("%d of %d went through, %d were refused", good, second, shed)
			}
			lowest = min(lowest, b.stats(t).limit)
		}
		if lowest > largest*9/10 || b.mostInFlight.Load() > largest {
			t.Errorf("the limit fell to %d, %d were in flight", lowest, b.mostInFlight.Load())
		}
		load(b, capacity, 10*time.Second)
		if got := b.stats(t); got.limit <= lowest {
			t.Errorf("the limit is %d after the overload, of %d in it", got.limit, lowest)
		}
	})
}

// load has so many callers call for a time, one call after another; one who is
// refused waits as long as a call takes.
func load(b *bubble, callers int, how time.Duration) (good, shed int64) {
	var ok, refused atomic.Int64
	end := time.Now().Add(how)
	var running sync.WaitGroup
	for range callers {
		running.Go(func() {
			for time.Now().Before(end) {
				var e *upstream.Error
				switch err := callCreate(context.Background(), b.Router); {
				case err == nil:
					ok.Add(1)
				case errors.As(err, &e) && e.Kind == upstream.Shed:
					refused.Add(1)
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	running.Wait()
	return ok.Load(), refused.Load()
}
