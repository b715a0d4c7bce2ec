package upstream_test

import (
	"context"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// breaking opens after 3 failures in a row, for 2 seconds.
func breaking() *configv1.Upstream {
	u := withToken("http://127.0.0.1:1")
	u.Timeout = durationpb.New(10 * time.Second)
	u.Protection = &configv1.Protection{BreakerFailures: 3, BreakerDelay: durationpb.New(2 * time.Second)}
	return u
}

// switched fails while it is on, and counts nothing.
func switched(on *atomic.Bool, failure http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if on.Load() {
			failure(w, r)
			return
		}
		answer(200, `{}`)(w, r)
	}
}

// The breaker opens, says for how long, lets one call try, and closes.
func TestBreaker(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	inBubble(t, breaking(), switched(&down, slowly(answer(503, ""))), func(t *testing.T, b *bubble) {
		for range 3 {
			wantKind(t, callCreate(t.Context(), b.Router), upstream.Status, true)
		}
		if !b.stats(t).breakerOpen {
			t.Error("the breaker is closed after 3 failures")
		}
		time.Sleep(500 * time.Millisecond)
		for _, call := range []func(context.Context, *upstream.Router) error{callCreate, callGet} {
			start := time.Now()
			if e := wantKind(t, call(t.Context(), b.Router), upstream.BreakerOpen, false); e.RetryAfter != 1500*time.Millisecond {
				t.Errorf("retry after %v, want what is left of the delay", e.RetryAfter)
			}
			if time.Since(start) != 0 {
				t.Errorf("a refusal took %v", time.Since(start))
			}
		}
		// One tries, and fails; others are refused meanwhile.
		time.Sleep(1500 * time.Millisecond)
		before := b.requests.Load()
		var running sync.WaitGroup
		running.Go(func() { wantKind(t, callCreate(t.Context(), b.Router), upstream.Status, true) })
		synctest.Wait()
		if e := wantKind(t, callCreate(t.Context(), b.Router), upstream.BreakerOpen, false); e.RetryAfter != 2*time.Second {
			t.Errorf("retry after %v, want a whole delay", e.RetryAfter)
		}
		running.Wait()
		wantKind(t, callCreate(t.Context(), b.Router), upstream.BreakerOpen, false)
		if got := b.requests.Load() - before; got != 1 {
			t.Errorf("%d calls tried, want 1", got)
		}
		// DLI is back: the first call after the delay finds out.
		down.Store(false)
		time.Sleep(2 * time.Second)
		for range 5 {
			if err := callCreate(t.Context(), b.Router); err != nil {
				t.Errorf("Call: %v", err)
			}
		}
		if s := b.stats(t); s.breakerOpen || s.shedByBreaker != 4 || s.inFlight != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// What counts as a failure, and what does not.
func TestWhatOpensTheBreaker(t *testing.T) {
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	half := func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"name":`)
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	for name, tt := range map[string]struct {
		handler http.HandlerFunc
		limit   time.Duration // of the caller
		opens   bool
	}{
		"502":                          {answer(502, ""), 0, true},
		"503":                          {answer(503, ""), 0, true},
		"504":                          {answer(504, ""), 0, true},
		"no answer in time":            {hang, 0, true},
		"no answer in time, just":      {hang, 10*time.Second + 1, true},
		"connection broken":            {abort, 0, true},
		"answer broken":                {half, 0, false},
		"429":                          {answer(429, ""), 0, false},
		"500":                          {answer(500, ""), 0, false},
		"400":                          {answer(400, ""), 0, false},
		"401":                          {answer(401, ""), 0, false},
		"is_success false":             {answer(200, `{"is_success":false}`), 0, false},
		"HTML":                         {answer(200, "<html>"), 0, false},
		"the caller's deadline":        {hang, time.Second, false},
		"the caller's deadline, later": {hang, 10 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, breaking(), tt.handler, func(t *testing.T, b *bubble) {
				for range 3 {
					ctx, cancel := t.Context(), context.CancelFunc(func() {})
					if tt.limit > 0 {
						ctx, cancel = context.WithTimeout(ctx, tt.limit)
					}
					if err := callCreate(ctx, b.Router); err == nil {
						t.Error("the call did not fail")
					}
					cancel()
				}
				if got := b.stats(t).breakerOpen; got != tt.opens {
					t.Errorf("open %t, want %t", got, tt.opens)
				}
			})
		})
	}
	t.Run("no connection", func(t *testing.T) {
		inBubble(t, breaking(), answer(200, `{}`), func(t *testing.T, b *bubble) {
			b.down.Store(true)
			for range 3 {
				wantKind(t, callCreate(t.Context(), b.Router), upstream.Unreachable, false)
			}
			wantKind(t, callCreate(t.Context(), b.Router), upstream.BreakerOpen, false)
			if b.dials.Load() != 3 {
				t.Errorf("%d connections were tried, want 3", b.dials.Load())
			}
		})
	})
	t.Run("not in a row", func(t *testing.T) {
		var n atomic.Int64
		inBubble(t, breaking(), func(w http.ResponseWriter, r *http.Request) {
			if n.Add(1)%3 == 0 {
				answer(200, `{}`)(w, r)
				return
			}
			answer(503, "")(w, r)
		}, func(t *testing.T, b *bubble) {
			for range 30 {
				_ = callCreate(t.Context(), b.Router)
			}
			if b.requests.Load() != 30 {
				t.Errorf("%d requests arrived, want 30", b.requests.Load())
			}
		})
	})
}

// A call that tries and is given up tells nothing: the next one tries, at once.
func TestTryThatIsGivenUp(t *testing.T) {
	var down, hangs atomic.Bool
	down.Store(true)
	handler := func(w http.ResponseWriter, r *http.Request) {
		if hangs.Load() {
			hang(w, r)
			return
		}
		switched(&down, answer(503, ""))(w, r)
	}
	inBubble(t, breaking(), handler, func(t *testing.T, b *bubble) {
		for range 3 {
			_ = callCreate(t.Context(), b.Router)
		}
		time.Sleep(2 * time.Second)
		hangs.Store(true)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantKind(t, callCreate(ctx, b.Router), upstream.Timeout, true)
		hangs.Store(false)
		down.Store(false)
		if err := callCreate(t.Context(), b.Router); err != nil {
			t.Errorf("Call: %v", err)
		}
	})
}

// A call that began before the breaker opened is not taken for one that tries.
func TestLateResultsDoNotCount(t *testing.T) {
	var down atomic.Bool
	down.Store(true)
	arrived := int64(0)
	handler := func(w http.ResponseWriter, r *http.Request) {
		if atomic.AddInt64(&arrived, 1) <= 5 {
			// Fails while another call tries.
			time.Sleep(2500 * time.Millisecond)
			answer(503, "")(w, r)
			return
		}
		switched(&down, answer(503, ""))(w, r)
		if !down.Load() {
			time.Sleep(time.Second)
		}
	}
	inBubble(t, breaking(), handler, func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for range 5 {
			running.Go(func() { _ = callCreate(t.Context(), b.Router) })
		}
		synctest.Wait()
		for range 3 {
			_ = callCreate(t.Context(), b.Router)
		}
		down.Store(false)
		time.Sleep(2 * time.Second)
		if err := callCreate(t.Context(), b.Router); err != nil {
			t.Errorf("the call that tried: %v", err)
		}
		running.Wait()
		if b.stats(t).breakerOpen {
			t.Error("the breaker is open though DLI is back")
		}
	})
}

// A repeat that the breaker refuses leaves the error that was there, and says when.
func TestBreakerOpensBetweenAttempts(t *testing.T) {
	cfg := breaking()
	cfg.Retry = retrying(10).GetRetry()
	inBubble(t, cfg, answer(503, ""), func(t *testing.T, b *bubble) {
		e := wantKind(t, callGet(t.Context(), b.Router), upstream.Status, true)
		if e.HTTPStatus != 503 || e.RetryAfter <= time.Second || b.requests.Load() != 3 {
			t.Errorf("%v, retry after %v, %d requests", e, e.RetryAfter, b.requests.Load())
		}
	})
}

// TestShortDeadlinesOfReads: that callers give up early says nothing of the upstream, though
// their shared attempt ends with them.
func TestShortDeadlinesOfReads(t *testing.T) {
	inBubble(t, breaking(), slowly(answer(200, `{}`)), func(t *testing.T, b *bubble) {
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			wantKind(t, callGet(ctx, b.Router), upstream.Timeout, true)
			cancel()
			synctest.Wait()
		}
		if b.stats(t).breakerOpen {
			t.Error("the breaker is open")
		}
		if err := callGet(t.Context(), b.Router); err != nil {
			t.Errorf("a patient caller: %v", err)
		}
	})
}
