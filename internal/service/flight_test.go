package service_test

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
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/service"
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
			s := dli.service()
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
			shared := 0
			for _, o := range dli.outcomes {
				if o == service.Shared {
					shared++
				}
			}
			if shared != 64-c.posts {
				t.Errorf("%d calls shared", shared)
			}
		})
	}
}

func TestErrorsAreSharedAndNotKept(t *testing.T) {
	inBubble(t, "error", func(t *testing.T) {
		dli := &cloud{latency: time.Second, post: refuse(answered(400, "DLI.1028", "The quota is insufficient."))}
		s := dli.service()
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

// TestCallersOfOtherTokensDoNotShare: with pass-through credentials, what DLI
// allows one it may not allow another.
func TestCallersOfOtherTokensDoNotShare(t *testing.T) {
	inBubble(t, "tokens", func(t *testing.T) {
		dli := &cloud{latency: time.Second, duplicates: true}
		s := dli.service()
		var all sync.WaitGroup
		for n := range 8 {
			all.Go(func() {
				ctx := credentials.WithCallerToken(t.Context(), fmt.Sprint("token-", n%2))
				if _, err := s.CreateEnhancedConnection(ctx, createRequest()); err != nil {
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

// A waiter is one of the callers of a shared create.
type waiter struct {
	resp   *connsvcv1.CreateEnhancedConnectionResponse
	err    error
	took   time.Duration
	thrown error
	done   atomic.Bool
}

// wait starts a caller, and returns when it waits.
func startWaiter(ctx context.Context, s *service.Service) *waiter {
	w := &waiter{}
	go func() {
		start := time.Now()
		w.resp, w.err = s.CreateEnhancedConnection(ctx, createRequest())
		w.took = time.Since(start)
		w.done.Store(true)
	}()
	synctest.Wait()
	return w
}

func TestCallerThatGoesDoesNotEndTheCreate(t *testing.T) {
	inBubble(t, "first", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		s := dli.service()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startWaiter(ctx, s), startWaiter(t.Context(), s)
		cancel()
		time.Sleep(time.Minute)
		synctest.Wait()
		if second.err != nil || second.took != 10*time.Second || len(dli.posts) != 1 {
			t.Errorf("the second got %v, %v after %v", second.resp, second.err, second.took)
		}
		if !first.done.Load() {
			t.Error("the first still runs")
		}
	})
	inBubble(t, "second", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		s := dli.service()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startWaiter(t.Context(), s), startWaiter(ctx, s)
		cancel()
		synctest.Wait()
		wantReason(t, "the second", second.err, connsvcv1.ErrorReason_CALLER_CANCELLED)
		if second.took != 0 || first.done.Load() {
			t.Errorf("the second took %v, the first is done: %v", second.took, first.done.Load())
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if first.err != nil || len(dli.posts) != 1 {
			t.Errorf("the first got %v, %v", first.resp, first.err)
		}
	})
}

// TestWhoHasMoreTimeGoesOn: a create of which nothing was sent in the time of the
// first caller is made for the next one.
func TestWhoHasMoreTimeGoesOn(t *testing.T) {
	inBubble(t, "list hangs", func(t *testing.T) {
		dli := &cloud{latency: 10 * time.Second}
		s := dli.service()
		short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := s.CreateEnhancedConnection(short, repeatable())
			wantReason(t, "the first", err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
		})
		synctest.Wait()
		for range 3 {
			all.Go(func() {
				if _, err := createIn(t, s, time.Minute, repeatable()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
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
		s := dli.service()
		ctx, cancel := context.WithCancel(t.Context())
		first, second := startWaiter(ctx, s), startWaiter(ctx, s)
		cancel()
		synctest.Wait()
		if !first.done.Load() || !second.done.Load() || !errors.Is(ended, context.Canceled) {
			t.Errorf("done: %v, %v; the POST ended with %v", first.done.Load(), second.done.Load(), ended)
		}
		hangs = false
		third := startWaiter(t.Context(), s)
		if third.err != nil || len(dli.posts) != 2 {
			t.Errorf("a later one: %v after %d POSTs", third.err, len(dli.posts))
		}
	})
}

func TestTheLatestDeadlineCounts(t *testing.T) {
	lostAfter := func(d time.Duration) *cloud {
		return &cloud{policy: within(time.Minute), lag: d, post: dropAnswer(&upstream.Error{Kind: upstream.Broken, Sent: true})}
	}
	for name, second := range map[string]time.Duration{"later": 30 * time.Second, "none": 0} {
		inBubble(t, name, func(t *testing.T) {
			s := lostAfter(20 * time.Second).service()
			short, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			long := t.Context()
			if second > 0 {
				var cancel context.CancelFunc
				long, cancel = context.WithTimeout(long, second)
				defer cancel()
			}
			first, last := startWaiter(short, s), startWaiter(long, s)
			time.Sleep(29 * time.Second)
			synctest.Wait()
			wantReason(t, "the first", first.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
			if first.took > 5*time.Second || last.err != nil || !last.resp.GetReconciled() {
				t.Errorf("the first took %v, the last got %v, %v", first.took, last.resp, last.err)
			}
		})
	}
	inBubble(t, "earlier", func(t *testing.T) {
		s := lostAfter(20 * time.Second).service()
		long, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		short, cancelShort := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancelShort()
		first, last := startWaiter(long, s), startWaiter(short, s)
		time.Sleep(29 * time.Second)
		synctest.Wait()
		wantReason(t, "the last", last.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		if first.err != nil {
			t.Errorf("the first got %v", first.err)
		}
	})
}

// TestWhatNeverLeftHasAnOutcome: who leaves between two POSTs of which nothing left
// knows that nothing was made.
func TestWhatNeverLeftHasAnOutcome(t *testing.T) {
	inBubble(t, "pause", func(t *testing.T) {
		s := (&cloud{post: refuse(&upstream.Error{Kind: upstream.Unreachable})}).service()
		long, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		short, cancelShort := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancelShort()
		startWaiter(long, s)
		last := startWaiter(short, s)
		time.Sleep(time.Minute)
		synctest.Wait()
		wantReason(t, "the last", last.err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
	})
}

func TestDeadlineBeforeThePost(t *testing.T) {
	inBubble(t, "list hangs", func(t *testing.T) {
		dli := &cloud{latency: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := dli.service().CreateEnhancedConnection(ctx, repeatable())
		wantReason(t, "nothing was sent", err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
	})
}

// TestPanicReachesEveryCaller: each panics with what is known of the create, and the
// place of the defect.
func TestPanicReachesEveryCaller(t *testing.T) {
	defect := func(int) error { panic("a defect") }
	for name, c := range map[string]struct {
		dli      *cloud
		reason   connsvcv1.ErrorReason
		outcomes []service.CreateOutcome
	}{
		"before the POST": {&cloud{list: defect}, connsvcv1.ErrorReason_INTERNAL, []service.CreateOutcome{service.Shared, service.Shared}},
		"in the POST": {
			&cloud{post: func(context.Context, int, func() (string, error)) (string, error) { panic("a defect") }},
			connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN,
			[]service.CreateOutcome{service.Shared, service.Shared, service.NotFound},
		},
		"after the POST": {
			&cloud{post: dropAnswer(&upstream.Error{Kind: upstream.Broken, Sent: true}), list: func(n int) error {
				if n > 1 {
					panic("a defect")
				}
				return nil
			}},
			connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN,
			[]service.CreateOutcome{service.Shared, service.Shared, service.NotFound},
		},
	} {
		inBubble(t, name, func(t *testing.T) {
			c.dli.latency = time.Second
			s := c.dli.service()
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					defer func() {
						err, _ := recover().(error)
						e := wantReason(t, "panic", err, c.reason)
						if text := fmt.Sprint(e.Err); !strings.Contains(text, "a defect") || !strings.Contains(text, "flight_test.go") {
							t.Errorf("thrown: %v", text)
						}
					}()
					resp, err := createIn(t, s, time.Minute, repeatable())
					t.Errorf("got %v, %v", resp, err)
				})
			}
			all.Wait()
			if diff := cmp.Diff(c.outcomes, c.dli.outcomes); diff != "" {
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
		s := (&cloud{latency: time.Second, duplicates: true}).service()
		for range 32 {
			first := startWaiter(t.Context(), s)
			ctx, cancel := context.WithCancel(t.Context())
			if _, err := s.CreateEnhancedConnection(lateContext{ctx, cancel}, createRequest()); err != nil || !first.done.Load() {
				t.Fatal(err, first.done.Load())
			}
		}
	})
}
