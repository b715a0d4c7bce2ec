package waiting_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	ready   = connsvcv1.WaitEnhancedConnectionResponse_READY
	gone    = connsvcv1.WaitEnhancedConnectionResponse_GONE
	timeout = connsvcv1.WaitEnhancedConnectionResponse_TIMEOUT
	hasFail = connsvcv1.WaitEnhancedConnectionResponse_FAILED
)

// bubble runs a test over a cloud in a bubble of fake time.
func bubble(t *testing.T, test func(t *testing.T, c *cloud, w *waiting.Waits)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		w := newWaits(t, c)
		defer w.Close()
		test(t, c, w)
	})
}

func request(n int) *connsvcv1.WaitEnhancedConnectionRequest {
	return &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: project, ConnectionId: idOf(n)}
}

func within(d time.Duration, req *connsvcv1.WaitEnhancedConnectionRequest) *connsvcv1.WaitEnhancedConnectionRequest {
	req.Timeout = durationpb.New(d)
	return req
}

// reasonOf returns the reason of an error, which must be an *apierror.Error.
func reasonOf(t *testing.T, err error) connsvcv1.ErrorReason {
	t.Helper()
	e, ok := apierror.Find[apierror.Error](err)
	if !ok {
		t.Fatalf("%v is no *apierror.Error", err)
	}
	return e.Reason
}

func wait(t *testing.T, w *waiting.Waits, req *connsvcv1.WaitEnhancedConnectionRequest) *connsvcv1.WaitEnhancedConnectionResponse {
	t.Helper()
	resp, err := w.Wait(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if !resp.GetIsSuccess() {
		t.Error("is_success is false")
	}
	return resp
}

func TestWaitEndsWhenAllPeeringsAreActive(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(90*time.Second, func() { c.put(1, active) })
		began := time.Now()
		resp := wait(t, w, request(1))
		if resp.GetReached() != ready || len(resp.GetFailures()) > 0 {
			t.Errorf("got %v", resp)
		}
		if took := time.Since(began); took < 90*time.Second || took > 92*time.Second {
			t.Errorf("it took %v: a change is told within one interval", took)
		}
		var want *connsvcv1.EnhancedConnection
		c.with(func() { want = proto.CloneOf(c.conns[idOf(1)]) })
		want.Hosts, want.IsPrivis = nil, nil
		if diff := cmp.Diff(want, resp.GetConnection(), protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
		if lists, gets := c.counted(); lists > 0 || gets > 92 {
			t.Errorf("%d lists and %d gets for one connection", lists, gets)
		}
	})
}

func TestWaitForWhatIsSettled(t *testing.T) {
	for name, each := range map[string]struct {
		peerings []*connsvcv1.Peering
		want     connsvcv1.WaitEnhancedConnectionResponse_Reached
	}{
		"no peering":               {nil, ready},
		"active":                   {[]*connsvcv1.Peering{active}, ready},
		"failed":                   {[]*connsvcv1.Peering{failed}, hasFail},
		"failed, another creating": {[]*connsvcv1.Peering{creating, failed}, hasFail},
		"creating":                 {[]*connsvcv1.Peering{active, creating}, timeout},
		"unknown status":           {[]*connsvcv1.Peering{active, {Name: "q2"}}, timeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, each.peerings...)
				resp := wait(t, w, within(0, request(1)))
				if resp.GetReached() != each.want || resp.GetConnection().GetName() != "c1" {
					t.Errorf("got %v, want %v", resp, each.want)
				}
				if _, gets := c.counted(); gets != 1 {
					t.Errorf("%d gets for a timeout of 0", gets)
				}
			})
		})
	}
}

func TestWaitAdvises(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active, failed)
		failures := wait(t, w, request(1)).GetFailures()
		if len(failures) != 1 || failures[0].GetName() != "q1" || failures[0].GetErrMsg() != failed.GetErrMsg() ||
			failures[0].GetElasticResourcePool() || !strings.Contains(failures[0].GetAdvice(), "dest_network_id") {
			t.Errorf("got %v", failures)
		}
	})
}

func TestWaitForWhatDoesNotExist(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		_, err := w.Wait(t.Context(), request(1))
		if got := reasonOf(t, err); got != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
			t.Errorf("got %v", err)
		}
		// A GET may not show what is new: the next wait asks again.
		c.put(1, active)
		if got := wait(t, w, request(1)).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
	})
}

func TestWaitForWhatIsDeleted(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(5*time.Second, func() { c.remove(1) })
		resp := wait(t, w, request(1))
		if resp.GetReached() != gone || resp.GetConnection() != nil {
			t.Errorf("got %v", resp)
		}
	})
}

func TestWaitTimeout(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		for name, each := range map[string]struct {
			timeout, deadline, atLeast, atMost time.Duration
		}{
			"the request's":       {30 * time.Second, time.Minute, 30 * time.Second, 30 * time.Second},
			"of half an interval": {500 * time.Millisecond, time.Minute, 0, 1001 * time.Millisecond},
			"the call's":          {time.Hour, time.Minute, 59 * time.Second, 59900 * time.Millisecond},
			"of a short call":     {time.Hour, time.Second, 800 * time.Millisecond, 999 * time.Millisecond},
		} {
			time.Sleep(time.Minute) // pollers of other cases have ended
			ctx, cancel := context.WithTimeout(t.Context(), each.deadline)
			began := time.Now()
			resp, err := w.Wait(ctx, within(each.timeout, request(1)))
			cancel()
			if took := time.Since(began); err != nil || resp.GetReached() != timeout || took < each.atLeast || took > each.atMost {
				t.Errorf("%s: %v, %v after %v", name, resp, err, took)
			}
		}
	})
}

func TestWaitIsNotAnsweredFromAnEarlierRead(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, &connsvcv1.WatchEnhancedConnectionsRequest{})
		time.Sleep(10 * time.Minute) // the interval has grown
		c.put(1, creating)           // as by a bind
		resp := wait(t, w, within(0, request(1)))
		if resp.GetReached() != timeout || resp.GetConnection().GetAvailableQueueInfo()[0].GetStatus() != connsvcv1.Peering_CREATING {
			t.Errorf("got %v, by what was read before the wait", resp)
		}
		_ = s.end()
	})
}

func TestWaitDoesNotTrustLists(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.lag = 30 * time.Second
		c.put(1, active)
		c.put(2, active)
		time.Sleep(time.Minute)
		s := watch(t.Context(), w, &connsvcv1.WatchEnhancedConnectionsRequest{}) // so that it lists
		c.put(1, creating)
		c.put(3, creating) // not in lists yet
		time.AfterFunc(10*time.Second, func() { c.put(1, active) })
		time.AfterFunc(12*time.Second, func() { c.put(3, active) })
		began := time.Now()
		if got := wait(t, w, request(1)).GetReached(); got != ready || time.Since(began) < 10*time.Second {
			t.Errorf("reached %v after %v", got, time.Since(began))
		}
		if got := wait(t, w, request(3)).GetReached(); got != ready || time.Since(began) < 12*time.Second || time.Since(began) > 14*time.Second {
			t.Errorf("reached %v after %v", got, time.Since(began))
		}
		_ = s.end()
	})
}

func TestWaitOutlastsAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(10*time.Second, func() { c.fail(errDown) })
		time.AfterFunc(70*time.Second, func() { c.fail(nil); c.put(1, active) })
		if got := wait(t, w, request(1)).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
		if _, gets := c.counted(); gets > 10+20+2 {
			t.Errorf("%d calls: pauses do not grow while DLI is down", gets)
		}
	})
}

func TestWaitHeedsRetryAfter(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.fail(errThrottled)
		time.AfterFunc(time.Second, func() { c.fail(nil) })
		began := time.Now()
		go func() { time.Sleep(5 * time.Second); _, _ = w.Wait(t.Context(), request(1)) }() // does not hurry it
		if got := wait(t, w, request(1)).GetReached(); got != ready || time.Since(began) != 20*time.Second {
			t.Errorf("reached %v after %v", got, time.Since(began))
		}
		synctest.Wait()
	})
}

// TestLongRetryAfter: a long Retry-After is told to callers, but does not stop the poller
// for all of its time.
func TestLongRetryAfter(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.fail(&upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusTooManyRequests, Code: "APIGW.0308", RetryAfter: time.Hour, Sent: true})
		for range 2 { // the second comes when the poller waits, and nobody is there
			began := time.Now()
			_, err := w.Wait(t.Context(), within(2*time.Second, request(1)))
			if e := apierror.From(err); e.Reason != connsvcv1.ErrorReason_UPSTREAM_THROTTLED || e.RetryAfter == 0 || time.Since(began) > 2*time.Second {
				t.Errorf("got %v after %v", err, time.Since(began))
			}
		}
		if _, gets := c.counted(); gets != 1 {
			t.Errorf("%d gets", gets)
		}
		c.fail(nil)
		if got := wait(t, w, within(time.Minute, request(1))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
	})
}

func TestWaitOfACallThatIsTooShort(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		_ = wait(t, w, request(1))
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		_, err := w.Wait(ctx, request(1))
		if e := apierror.From(err); e.Reason != connsvcv1.ErrorReason_UPSTREAM_TIMEOUT || !strings.Contains(e.Message, "before DLI was asked") {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitErrors(t *testing.T) {
	for name, each := range map[string]struct {
		err  error
		own  bool
		want connsvcv1.ErrorReason
	}{
		"denied":               {errDenied, false, connsvcv1.ErrorReason_UPSTREAM_DENIED},
		"rejected credentials": {&upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Sent: true}, false, connsvcv1.ErrorReason_UPSTREAM_CREDENTIALS},
		"the caller's":         {&upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Sent: true, CallersOwn: true}, true, connsvcv1.ErrorReason_CALLER_UNAUTHENTICATED},
		"down until the end":   {errDown, false, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.own = each.own
				c.put(1, active)
				c.fail(each.err)
				_, err := w.Wait(t.Context(), within(time.Minute, request(1)))
				if got := reasonOf(t, err); got != each.want {
					t.Errorf("got %v, want %v", err, each.want)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, _ *cloud, w *waiting.Waits) {
		req := request(1)
		req.ProjectId = "other"
		if _, err := w.Wait(t.Context(), req); reasonOf(t, err) != connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED {
			t.Errorf("got %v", err)
		}
	})
}

// TestProjectIsRemoved: a reload removes a project while calls wait for it.
func TestProjectIsRemoved(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(30*time.Second, func() { c.with(func() { c.removed = true }) })
		s := watch(t.Context(), w, ofProject())
		_, err := w.Wait(t.Context(), within(time.Hour, request(1)))
		if got := reasonOf(t, err); got != connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED {
			t.Errorf("waited: %v", err)
		}
		if err := <-s.ended; reasonOf(t, err) != connsvcv1.ErrorReason_PROJECT_NOT_CONFIGURED {
			t.Errorf("watched: %v", err)
		}
	})
}

func TestWaitEndsWhenConnsvcStops(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		stopping := make(chan struct{})
		time.AfterFunc(time.Minute, func() { close(stopping) })
		_, err := w.Wait(call.NewContext(t.Context(), &call.Call{Stopping: stopping}), request(1))
		if e := apierror.From(err); e.Reason != connsvcv1.ErrorReason_OVERLOADED || e.RetryAfter == 0 {
			t.Errorf("got %v", err)
		}
		time.AfterFunc(time.Minute, w.Close)
		if _, err := w.Wait(t.Context(), request(1)); reasonOf(t, err) != connsvcv1.ErrorReason_OVERLOADED {
			t.Errorf("got %v", err)
		}
	})
}

func TestWaitEndsWithItsCaller(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(10*time.Second, cancel)
		if _, err := w.Wait(ctx, request(1)); reasonOf(t, err) != connsvcv1.ErrorReason_CALLER_CANCELLED {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Minute)
		if _, gets := c.counted(); gets > 11 {
			t.Errorf("%d gets: the poller outlives its callers", gets)
		}
	})
}

func TestWaitsShareReads(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(time.Minute, func() { c.put(1, active) })
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				if got := wait(t, w, request(1)).GetReached(); got != ready {
					t.Errorf("reached %v", got)
				}
			})
		}
		all.Wait()
		if lists, gets := c.counted(); lists > 0 || gets > 62 {
			t.Errorf("%d lists and %d gets of 500 waits in a minute", lists, gets)
		}
	})
}

func TestWaitOfManyConnectionsLists(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 50 {
			c.put(n, creating)
		}
		time.AfterFunc(time.Minute, func() {
			for n := range 50 {
				c.put(n, active)
			}
		})
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				if got := wait(t, w, request(n)).GetReached(); got != ready {
					t.Errorf("reached %v", got)
				}
			})
		}
		all.Wait()
		if lists, gets := c.counted(); lists > 70 || gets > 55 {
			t.Errorf("%d lists and %d gets: one list an interval, and one GET to confirm each", lists, gets)
		}
	})
}

// TestManyWaitsAreConfirmed: what one round cannot confirm, the next does soon.
func TestManyWaitsAreConfirmed(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 50 {
			c.put(n, active)
		}
		s := watch(t.Context(), w, ofProject())
		time.Sleep(10 * time.Minute) // the interval has grown
		var all sync.WaitGroup
		for n := range 50 {
			all.Go(func() {
				if got := wait(t, w, within(6*time.Second, request(n))).GetReached(); got != ready {
					t.Errorf("reached %v", got)
				}
			})
		}
		all.Wait()
		_ = s.end()
	})
}

func TestWaitDoesNotShareReadsOfOtherCallers(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.own = true
		c.put(1, active)
		for _, token := range []string{"alices", "bobs"} {
			ctx := call.NewContext(t.Context(), &call.Call{CallerToken: token})
			if _, err := w.Wait(ctx, request(1)); err != nil {
				t.Fatal(err)
			}
		}
		if want := []string{"alices", "bobs"}; !slices.Equal(c.tokens, want) {
			t.Errorf("calls with tokens %q, want %q", c.tokens, want)
		}
	})
}

func TestReloadOfCredentials(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		time.AfterFunc(10*time.Second, func() { c.with(func() { c.own = true }) })
		time.AfterFunc(20*time.Second, func() { c.put(1, active) })
		ctx := call.NewContext(t.Context(), &call.Call{CallerToken: "alices"})
		resp, err := w.Wait(ctx, request(1))
		if err != nil || resp.GetReached() != ready {
			t.Errorf("%v, %v", resp, err)
		}
		if first, last := c.tokens[0], c.tokens[len(c.tokens)-1]; first != "" || last != "alices" {
			t.Errorf("calls with tokens %q", c.tokens)
		}
	})
}

// TestBudget: calls are delayed, not rejected.
func TestBudget(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.budget = rate.NewLimiter(rate.Every(10*time.Second), 1)
		c.put(1, creating)
		if got := wait(t, w, within(time.Minute, request(1))).GetReached(); got != timeout {
			t.Errorf("reached %v", got)
		}
		if _, gets := c.counted(); gets < 6 || gets > 7 {
			t.Errorf("%d gets in a minute, want one in 10 seconds", gets)
		}
	})
}
