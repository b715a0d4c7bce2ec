package create_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestIdenticalCreatesShareOnePost(t *testing.T) {
	type request = connsvcv1.CreateEnhancedConnectionRequest
	for name, c := range map[string]struct {
		change func(n int, r *request)
		posts  int
	}{
		"identical":         {func(int, *request) {}, 1},
		"one request_id":    {func(_ int, r *request) { r.RequestId = requestID }, 1},
		"other request_ids": {func(n int, r *request) { r.RequestId = fmt.Sprintf("7f1b8a52-5d3c-4f0e-9a0b-2f6f3c1d%04d", n%4) }, 4},
		"other hosts":       {func(n int, r *request) { r.Hosts = r.Hosts[:n%2] }, 2},
		"other tags":        {func(n int, r *request) { r.Tags = tags(n % 2) }, 2},
		"other names":       {func(n int, r *request) { r.Name = fmt.Sprintf("c%d", n%8) }, 8},
		"other projects":    {func(n int, r *request) { r.ProjectId = fmt.Sprintf("p%d", n%2) }, 2},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{latency: time.Second, duplicates: true}
			s := dli.replica()
			answers := make([]*connsvcv1.CreateEnhancedConnectionResponse, 64)
			var all sync.WaitGroup
			for n := range answers {
				all.Go(func() {
					req := createRequest()
					c.change(n, req)
					resp, err := createIn(t, s, time.Minute, req)
					if err != nil {
						t.Error(err)
					}
					answers[n] = resp
				})
			}
			all.Wait()
			var ids []string
			for n, a := range answers {
				ids = append(ids, a.GetConnectionId())
				if slices.Index(answers, a) != n {
					t.Error("two callers were given one message")
				}
			}
			slices.Sort(ids)
			if n := len(slices.Compact(ids)); n != c.posts || len(dli.posts) != c.posts {
				t.Errorf("%d IDs of %d POSTs, want %d", n, len(dli.posts), c.posts)
			}
			if shared := dli.outcomes()["shared"]; shared != int64(64-c.posts) {
				t.Errorf("%d calls shared", shared)
			}
		})
	}
}

func TestErrorsAreSharedAndNotKept(t *testing.T) {
	inBubble(t, "error", func(t *testing.T) {
		dli := &cloud{latency: time.Second, post: failWith(answered(400, "DLI.1028", "The quota is insufficient."))}
		s := dli.replica()
		for round := range 2 {
			var all sync.WaitGroup
			for range 8 {
				all.Go(func() {
					_, err := createIn(t, s, time.Minute, createRequest())
					wantReason(t, "quota", err, connsvcv1.ErrorReason_UPSTREAM_QUOTA)
				})
			}
			all.Wait()
			if len(dli.posts) != round+1 {
				t.Errorf("%d POSTs after %d rounds", len(dli.posts), round+1)
			}
		}
	})
}

// TestDifferentCallersDoNotShare: each would believe that it owns the connection alone;
// and with pass-through credentials, what DLI allows one it may not allow another.
func TestDifferentCallersDoNotShare(t *testing.T) {
	for name, caller := range map[string]func(n int) *call.Call{
		"tokens":     func(n int) *call.Call { return &call.Call{CallerToken: fmt.Sprint("token-", n%2)} },
		"identities": func(n int) *call.Call { return &call.Call{Caller: fmt.Sprint("caller-", n%2), CallerToken: "token"} },
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{latency: time.Second, duplicates: true}
			s := dli.replica()
			var all sync.WaitGroup
			for n := range 8 {
				all.Go(func() {
					if _, err := s.create(call.NewContext(t.Context(), caller(n)), createRequest()); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if len(dli.posts) != 2 {
				t.Errorf("%d POSTs, want 2", len(dli.posts))
			}
		})
	}
}

// A waiter is one of the callers of a shared create.
type waiter struct {
	resp   *connsvcv1.CreateEnhancedConnectionResponse
	err    error
	took   time.Duration
	thrown error // what it panicked with
	done   atomic.Bool
}

// startWaiter starts a caller, and returns when it waits.
func startWaiter(ctx context.Context, r replica, req *connsvcv1.CreateEnhancedConnectionRequest) *waiter {
	w := &waiter{}
	go func() {
		defer w.done.Store(true)
		start := time.Now()
		defer func() {
			w.thrown, _ = recover().(error)
			w.took = time.Since(start)
		}()
		w.resp, w.err = r.create(ctx, req)
	}()
	synctest.Wait()
	return w
}

// startFor is startWaiter with a deadline.
func startFor(t *testing.T, r replica, d time.Duration, req *connsvcv1.CreateEnhancedConnectionRequest) *waiter {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return startWaiter(ctx, r, req)
}

// after advances the time of the test.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestFirstCallerCancels: the others do not learn of a definite end, and nothing is
// posted twice.
func TestFirstCallerCancels(t *testing.T) {
	inBubble(t, "during the POST", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		r := dli.replica()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startWaiter(ctx, r, createRequest()), startFor(t, r, time.Minute, createRequest())
		cancel()
		after(0)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_CALLER_CANCELLED)
		wantReason(t, "the second", second.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
	})
	inBubble(t, "before the POST", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		r := dli.replica()
		ctx, cancel := context.WithCancel(t.Context())
		first := startWaiter(ctx, r, withRequestID())
		rest := []*waiter{startFor(t, r, time.Minute, withRequestID()), startFor(t, r, time.Minute, withRequestID())}
		cancel()
		after(time.Minute)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_CALLER_CANCELLED)
		for _, w := range rest {
			if w.err != nil || w.resp.GetConnectionId() != dli.existing()[0] || len(dli.posts) != 1 {
				t.Errorf("got %v, %v after %d POSTs", w.resp, w.err, len(dli.posts))
			}
		}
	})
}

func TestWaitingCallerCancels(t *testing.T) {
	inBubble(t, "second", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		r := dli.replica()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startFor(t, r, time.Minute, createRequest()), startWaiter(ctx, r, createRequest())
		cancel()
		after(0)
		wantReason(t, "the second", second.err, connsvcv1.ErrorReason_CALLER_CANCELLED)
		if second.took != 0 || first.done.Load() {
			t.Errorf("the second took %v, the first is done: %v", second.took, first.done.Load())
		}
		after(time.Minute)
		if first.err != nil || len(dli.posts) != 1 {
			t.Errorf("the first got %v, %v", first.resp, first.err)
		}
	})
}

// TestCallersWithMoreTimeStartOver: a create of which nothing was sent in the time of
// the first caller is made by the next one.
func TestCallersWithMoreTimeStartOver(t *testing.T) {
	inBubble(t, "list hangs", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		r := dli.replica()
		first := startFor(t, r, 5*time.Second, withRequestID())
		var rest []*waiter
		for range 3 {
			rest = append(rest, startFor(t, r, time.Minute, withRequestID()))
		}
		after(time.Minute)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
		for _, w := range rest {
			if w.err != nil {
				t.Error(w.err)
			}
		}
		if len(dli.posts) != 1 {
			t.Errorf("%d POSTs", len(dli.posts))
		}
	})
}

func TestCreateThatNobodyWaitsForEnds(t *testing.T) {
	inBubble(t, "both go", func(t *testing.T) {
		dli := &cloud{}
		var ended error
		hangs := true
		dli.post = func(ctx context.Context, _ int, commit func() (string, error)) (string, error) {
			if !hangs {
				return commit()
			}
			err := wait(ctx, time.Hour)
			ended = ctx.Err()
			return "", err
		}
		r := dli.replica()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startWaiter(ctx, r, createRequest()), startWaiter(ctx, r, createRequest())
		cancel()
		after(0)
		if !first.done.Load() || !second.done.Load() || !errors.Is(ended, context.Canceled) {
			t.Errorf("done: %v, %v; the POST ended with %v", first.done.Load(), second.done.Load(), ended)
		}
		hangs = false
		third := startWaiter(t.Context(), r, createRequest())
		if third.err != nil || len(dli.posts) != 2 {
			t.Errorf("a later one: %v after %d POSTs", third.err, len(dli.posts))
		}
	})
}

// TestDeadlinesOfASharedCreate: it runs in the time of the first caller, and no waiting
// caller waits longer than his own.
func TestDeadlinesOfASharedCreate(t *testing.T) {
	for name, c := range map[string]struct {
		first, second       time.Duration
		wantFirst, wantLast connsvcv1.ErrorReason // 0: success
	}{
		"the second has more": {5 * time.Second, 40 * time.Second, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN},
		"the second has less": {40 * time.Second, 5 * time.Second, 0, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN},
		"both have enough":    {40 * time.Second, 40 * time.Second, 0, 0},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{policy: within(time.Minute), lag: 20 * time.Second, post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true})}
			r := dli.replica()
			first, second := startFor(t, r, c.first, createRequest()), startFor(t, r, c.second, createRequest())
			after(time.Minute)
			for w, want := range map[*waiter]connsvcv1.ErrorReason{first: c.wantFirst, second: c.wantLast} {
				switch {
				case want != 0:
					wantReason(t, name, w.err, want)
				case w.err != nil || !w.resp.GetReconciled():
					t.Errorf("got %v, %v", w.resp, w.err)
				}
			}
			if first.took > c.first || second.took > c.second || len(dli.posts) != 1 {
				t.Errorf("%d POSTs, %v and %v", len(dli.posts), first.took, second.took)
			}
		})
	}
}

// TestErrorsOfDLIAreShared: an error that the first caller's time did not cause is the
// outcome for all.
func TestErrorsOfDLIAreShared(t *testing.T) {
	for name, c := range map[string]struct {
		dli  error
		want connsvcv1.ErrorReason
	}{
		"unknown":           {&upstream.Error{Kind: upstream.Broken, Sent: true}, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN},
		"timeout of DLI's":  {&upstream.Error{Kind: upstream.Timeout}, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT},
		"cannot be reached": {&upstream.Error{Kind: upstream.Unreachable, RetryAfter: time.Second}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
	} {
		inBubble(t, name, func(t *testing.T) {
			dli := &cloud{latency: time.Second, post: failWith(c.dli)}
			r := dli.replica()
			first, second := startFor(t, r, time.Minute, createRequest()), startFor(t, r, 2*time.Minute, createRequest())
			after(time.Minute)
			wantReason(t, "the first", first.err, c.want)
			wantReason(t, "the second", second.err, c.want)
			if len(dli.posts) != 1 {
				t.Errorf("%d POSTs", len(dli.posts))
			}
		})
	}
}

// TestWaitingCallerWithoutTime: the create goes on and may yet be sent, so its outcome
// is unknown.
func TestWaitingCallerWithoutTime(t *testing.T) {
	inBubble(t, "before the POST", func(t *testing.T) {
		dli := &cloud{latency: time.Second}
		r := dli.replica()
		first := startFor(t, r, time.Minute, withRequestID())
		last := startFor(t, r, 20*time.Millisecond, withRequestID())
		after(100 * time.Millisecond)
		wantReason(t, "the last", last.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		after(time.Minute)
		if first.err != nil || len(dli.posts) != 1 {
			t.Errorf("the first got %v after %d POSTs", first.err, len(dli.posts))
		}
	})
}

func TestDeadlineBeforeThePost(t *testing.T) {
	inBubble(t, "list hangs", func(t *testing.T) {
		dli := &cloud{latency: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := dli.replica().create(ctx, withRequestID())
		wantReason(t, "nothing was sent", err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
	})
}

// TestPanic: the first caller panics, the others get an error. Both say what is known
// of the create, and where the defect is.
func TestPanic(t *testing.T) {
	defect := func(int) error { panic("a defect") }
	for name, c := range map[string]struct {
		dli      *cloud
		reason   connsvcv1.ErrorReason
		outcomes map[string]int64
	}{
		"before the POST": {&cloud{list: defect}, connsvcv1.ErrorReason_INTERNAL, counted("shared", "shared")},
		"in the POST": {
			&cloud{post: func(context.Context, int, func() (string, error)) (string, error) { panic("a defect") }},
			connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, counted("shared", "shared", "not_found"),
		},
		"after the POST": {
			&cloud{post: commitThenFail(&upstream.Error{Kind: upstream.Broken, Sent: true}), list: func(n int) error {
				if n > 1 {
					panic("a defect")
				}
				return nil
			}},
			connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, counted("shared", "shared", "not_found"),
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			c.dli.latency = time.Second
			r := c.dli.replica()
			first := startFor(t, r, time.Minute, withRequestID())
			rest := []*waiter{startFor(t, r, time.Minute, withRequestID()), startFor(t, r, time.Minute, withRequestID())}
			after(time.Minute)
			errs := []error{first.thrown}
			for _, w := range rest {
				errs = append(errs, w.err)
			}
			for _, err := range errs {
				e := wantReason(t, "panic", err, c.reason)
				if text := fmt.Sprint(e.Err); !strings.Contains(text, "a defect") || !strings.Contains(text, "share_test.go") {
					t.Errorf("got %v", text)
				}
			}
			if diff := cmp.Diff(c.outcomes, c.dli.outcomes()); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
		})
	}
}

// A lateContext ends in the moment that somebody waits for its end, and something
// else has happened meanwhile.
type lateContext struct {
	context.Context
	end func()
}

func (c lateContext) Done() <-chan struct{} {
	time.Sleep(time.Minute)
	c.end()
	return c.Context.Done()
}

// TestWhatIsMadeIsTold: a create that ends as its caller goes has an outcome.
func TestWhatIsMadeIsTold(t *testing.T) {
	inBubble(t, "both", func(t *testing.T) {
		s := (&cloud{latency: time.Second, duplicates: true}).replica()
		for range 32 {
			first := startWaiter(t.Context(), s, createRequest())
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := s.create(lateContext{ctx, cancel}, createRequest()); err != nil || !first.done.Load() {
				t.Fatal(err, first.done.Load())
			}
		}
	})
}
