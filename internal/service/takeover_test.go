package service_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/upstream"
)

// startFor starts a caller who has so much time, and returns when it waits.
func startFor(t *testing.T, s *service.Service, d time.Duration, change ...func(*connsvcv1.CreateEnhancedConnectionRequest)) *waiter {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	w := &waiter{}
	req := createRequest()
	for _, f := range change {
		f(req)
	}
	go func() {
		defer w.done.Store(true)
		start := time.Now()
		defer func() {
			if thrown, ok := recover().(error); ok {
				w.thrown = thrown
			}
		}()
		w.resp, w.err = s.CreateEnhancedConnection(ctx, req)
		w.took = time.Since(start)
	}()
	synctest.Wait()
	return w
}

func withRequestID(r *connsvcv1.CreateEnhancedConnectionRequest) { r.RequestId = requestID }

// after lets the time of the test go on.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

var lost = dropAnswer(&upstream.Error{Kind: upstream.Broken, Sent: true})

func (d *cloud) wantOutcomes(t *testing.T, want ...service.CreateOutcome) {
	t.Helper()
	if diff := cmp.Diff(want, d.outcomes); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
}

// TestWhoComesDuringATakeoverShares: a create stays one while anybody looks for what
// became of it, though the call that began it has its answer.
func TestWhoComesDuringATakeoverShares(t *testing.T) {
	inBubble(t, "reconcile", func(t *testing.T) {
		dli := &cloud{policy: within(time.Minute), lag: 20 * time.Second, post: lost, duplicates: true}
		s := dli.service()
		first, short := startFor(t, s, 5*time.Second), startFor(t, s, 4900*time.Millisecond)
		second, third := startFor(t, s, time.Minute), startFor(t, s, 10*time.Second)
		after(6 * time.Second)
		fourth := startFor(t, s, 40*time.Second)
		after(time.Minute)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		wantReason(t, "who has no more time", short.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		wantReason(t, "the third", third.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		if len(dli.posts) != 1 {
			t.Fatalf("%d POSTs, want 1", len(dli.posts))
		}
		for _, w := range []*waiter{second, fourth} {
			if w.err != nil || !w.resp.GetReconciled() || w.resp.GetConnectionId() != dli.existing()[0] {
				t.Errorf("got %v, %v", w.resp, w.err)
			}
		}
		if second.resp == fourth.resp {
			t.Error("two callers were given one message")
		}
		if first.took != 4750*time.Millisecond || short.took != first.took || third.took > 10*time.Second {
			t.Errorf("answers after %v, %v, %v", first.took, short.took, third.took)
		}
	})
}

// TestASearchThatIsCutShowsNoEnd: that an older connection has the name is told at
// the end of the search, which is not that of the first caller's time.
func TestASearchThatIsCutShowsNoEnd(t *testing.T) {
	inBubble(t, "older one", func(t *testing.T) {
		dli := &cloud{policy: within(time.Minute), lag: 20 * time.Second, post: lost, duplicates: true}
		other := createRequest()
		other.Hosts = nil
		dli.has(t, other, time.Hour)
		s := dli.service()
		first, second := startFor(t, s, 5*time.Second), startFor(t, s, time.Minute)
		after(time.Minute)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_NAME_TAKEN)
		if second.err != nil || second.resp.GetConnectionId() != dli.existing()[1] {
			t.Errorf("the second got %v, %v", second.resp, second.err)
		}
	})
}

// TestASearchAtItsEndIsNotRepeated: reconcile_timeout is that of the POST, however
// many wait.
func TestASearchAtItsEndIsNotRepeated(t *testing.T) {
	inBubble(t, "nothing made", func(t *testing.T) {
		dli := &cloud{policy: within(10 * time.Second), post: refuse(&upstream.Error{Kind: upstream.Broken, Sent: true})}
		s := dli.service()
		first, second, third := startFor(t, s, time.Minute), startFor(t, s, 2*time.Minute), startFor(t, s, 3*time.Minute)
		after(5 * time.Minute)
		for _, w := range []*waiter{first, second, third} {
			wantReason(t, "none", w.err, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
			if w.took != 10*time.Second {
				t.Errorf("answered after %v", w.took)
			}
		}
		dli.wantOutcomes(t, service.Shared, service.Shared, service.NotFound)
	})
}

// TestPanicAfterATakeover: what was sent stays sent for those who go on.
func TestPanicAfterATakeover(t *testing.T) {
	inBubble(t, "list", func(t *testing.T) {
		start := time.Now()
		dli := &cloud{policy: within(time.Minute), post: lost, lag: time.Hour, list: func(int) error {
			if time.Since(start) > 5*time.Second {
				panic("a defect")
			}
			return nil
		}}
		s := dli.service()
		startFor(t, s, 5*time.Second)
		rest := []*waiter{startFor(t, s, time.Minute), startFor(t, s, time.Minute)}
		after(time.Minute)
		for _, w := range rest {
			wantReason(t, "panic", w.thrown, connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN)
		}
	})
}

// TestNameTakenIsNotPostedAgain: a POST that was refused has its answer, though whose
// the name is was not found out in the first caller's time.
func TestNameTakenIsNotPostedAgain(t *testing.T) {
	inBubble(t, "list hangs", func(t *testing.T) {
		start := time.Now()
		dli := &cloud{policy: within(time.Minute)}
		dli.list = func(n int) error {
			if n > 1 && time.Since(start) < 10*time.Second {
				return &upstream.Error{Kind: upstream.Timeout}
			}
			return nil
		}
		id := dli.has(t, createRequest(), time.Hour)
		s := dli.service()
		first, second := startFor(t, s, 5*time.Second, withRequestID), startFor(t, s, time.Minute, withRequestID)
		after(time.Minute)
		wantReason(t, "the first", first.err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
		e := wantReason(t, "the second", second.err, connsvcv1.ErrorReason_NAME_TAKEN)
		if e.Metadata["existing_connection_id"] != id || len(dli.posts) != 1 {
			t.Errorf("%v after %d POSTs", e.Metadata, len(dli.posts))
		}
	})
}

// TestTimeoutOfDLIsOwn: what did not fail for want of the first caller's time is not
// tried again for the next.
func TestTimeoutOfDLIsOwn(t *testing.T) {
	inBubble(t, "connect", func(t *testing.T) {
		dli := &cloud{latency: time.Second, post: refuse(&upstream.Error{Kind: upstream.Timeout})}
		s := dli.service()
		first, second := startFor(t, s, time.Minute), startFor(t, s, 2*time.Minute)
		after(time.Minute)
		for _, w := range []*waiter{first, second} {
			wantReason(t, "timeout", w.err, connsvcv1.ErrorReason_UPSTREAM_TIMEOUT)
		}
		if len(dli.posts) != 1 {
			t.Errorf("%d POSTs", len(dli.posts))
		}
	})
}
