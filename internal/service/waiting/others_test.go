package waiting_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

var errInternal = &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusInternalServerError, Sent: true}

// TestFailingGetEndsNobodyElse: what DLI says to the GET of one connection ends those alone
// who wait for it.
func TestFailingGetEndsNobodyElse(t *testing.T) {
	for name, each := range map[string]struct {
		err  error
		want connsvcv1.ErrorReason
	}{
		"denied":       {errDenied, connsvcv1.ErrorReason_UPSTREAM_DENIED},
		"impossible":   {&upstream.Error{Kind: upstream.Invalid}, connsvcv1.ErrorReason_INTERNAL},
		"broken":       {errInternal, connsvcv1.ErrorReason_UPSTREAM_FAULT},
		"out of reach": {&upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusServiceUnavailable, RetryAfter: time.Hour, Sent: true}, connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, active)
				c.put(2, creating)
				c.hidden[idOf(1)], c.getDown[idOf(1)] = true, each.err
				s := watch(t.Context(), w, ofProject())
				expect(t, s, "ADDED c2 CREATING, SYNCED")
				others := make(chan connsvcv1.WaitEnhancedConnectionResponse_Reached)
				go func() { others <- wait(t, w, request(2)).GetReached() }()
				time.Sleep(time.Second)
				if _, err := w.Wait(t.Context(), within(10*time.Second, request(1))); reasonOf(t, err) != each.want {
					t.Errorf("got %v", err)
				}
				go func() { _, _ = w.Wait(t.Context(), within(time.Minute, request(1))) }()
				time.Sleep(10 * time.Second)
				c.put(2, active)
				time.Sleep(time.Second)
				expect(t, s, "MODIFIED c2 ACTIVE")
				if got := <-others; got != ready {
					t.Errorf("reached %v", got)
				}
				if lists, gets := c.counted(); gets > 12 {
					t.Errorf("%d lists and %d gets", lists, gets)
				}
				time.Sleep(time.Minute)
				_ = s.end()
			})
		})
	}
}

// TestFailingGetCostsFewPolls, also where nothing else is of interest.
func TestFailingGetCostsFewPolls(t *testing.T) {
	for name, err := range map[string]error{"500": errInternal, "503": &upstream.Error{Kind: upstream.Status, HTTPStatus: 503, Sent: true}} {
		t.Run(name, func(t *testing.T) { testFailingGetCostsFewPolls(t, err) })
	}
}

func testFailingGetCostsFewPolls(t *testing.T, err error) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 300 {
			c.put(n, active)
		}
		s := watch(t.Context(), w, ofProject())
		time.Sleep(time.Minute)
		s.take()
		c.with(func() {
			for n := range 300 {
				c.hidden[idOf(n)], c.getDown[idOf(n)] = true, err
			}
		})
		lists, gets := c.counted()
		time.Sleep(10 * time.Minute)
		expect(t, s, "") // what is known stays
		lists2, gets2 := c.counted()
		if lists2-lists > 40 || gets2-gets > 10*40 {
			t.Errorf("%d lists and %d gets in 10 minutes", lists2-lists, gets2-gets)
		}
		_ = s.end()
	})
}

// TestHangingGetSlowsNobody for long: others have what they ask for between.
func TestHangingGetSlowsNobody(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.put(2, creating)
		c.first = func(ctx context.Context, _ string, req proto.Message) error {
			if r, ok := req.(*connsvcv1.GetEnhancedConnectionRequest); ok && r.GetConnectionId() == idOf(1) {
				<-ctx.Done()
				return &upstream.Error{Kind: upstream.Timeout, Sent: true}
			}
			return nil
		}
		s := watch(t.Context(), w, ofProject())
		ended := make(chan error)
		go func() {
			_, err := w.Wait(t.Context(), within(10*time.Minute, request(1)))
			ended <- err
		}()
		time.Sleep(2 * time.Minute)
		expect(t, s, "ADDED c1 ACTIVE, ADDED c2 CREATING, SYNCED")
		for _, p := range []*connsvcv1.Peering{active, creating, active} {
			c.put(2, p)
			time.Sleep(7 * time.Second)
			expect(t, s, "MODIFIED c2 "+p.GetStatus().String())
		}
		if got := wait(t, w, within(7*time.Second, request(2))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
		<-ended
		_ = s.end()
	})
}

// TestFailureIsOfItsConnection: a wait is not told why another connection cannot be read, and
// does not heed the pause that DLI asks for that.
func TestFailureIsOfItsConnection(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.put(2, active)
		c.getDown[idOf(1)] = &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusServiceUnavailable, RetryAfter: time.Minute, Sent: true}
		if _, err := w.Wait(t.Context(), within(0, request(1))); reasonOf(t, err) != connsvcv1.ErrorReason_UPSTREAM_UNAVAILABLE {
			t.Errorf("got %v", err)
		}
		if got := wait(t, w, within(2*time.Second, request(2))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
	})
}

// An account holds no bytes for its caller.
type account struct{ name string }

func (a account) NewHolder() call.Holder { return a }
func (account) Release()                 {}

func (a account) Reserve(int64) error {
	e := apierror.New(connsvcv1.ErrorReason_CALLER_QUOTA, "too many bytes of this caller are in flight", nil)
	e.Subject = a.name
	return e
}

// as is the context of a caller whose quota of bytes is used up.
func as(ctx context.Context, name string) context.Context {
	return call.NewContext(ctx, &call.Call{Caller: name, Origin: name, Holders: account{name}})
}

// TestPollsCountForNobody: what is read for several callers uses up the quota of none.
func TestPollsCountForNobody(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		c.first = func(ctx context.Context, _ string, _ proto.Message) error {
			if err := call.From(ctx).NewHolder().Reserve(1); err != nil {
				return &upstream.Error{Kind: upstream.NoRoom, Sent: true, Err: err}
			}
			return nil
		}
		mallorys := watch(as(t.Context(), "mallory"), w, ofProject())
		s := watch(as(t.Context(), "alice"), w, ofProject())
		time.Sleep(time.Second)
		expect(t, s, "ADDED c1 CREATING, SYNCED")
		c.put(1, active)
		if resp, err := w.Wait(as(t.Context(), "alice"), within(2*time.Second, request(1))); err != nil || resp.GetReached() != ready {
			t.Errorf("%v, %v", resp, err)
		}
		expect(t, s, "MODIFIED c1 ACTIVE")
		_, _ = s.end(), mallorys.end()
	})
}

// TestOutageCostsOnePollARound, whoever is interested: a DLI that cannot be reached is so for
// all callers.
func TestOutageCostsOnePollARound(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		var all []*watched
		for _, caller := range []string{"a", "b", "c"} {
			all = append(all, watch(as(t.Context(), caller), w, ofProject()))
		}
		time.Sleep(time.Minute)
		c.fail(errDown)
		before, _ := c.counted()
		time.Sleep(10 * time.Minute)
		if lists, _ := c.counted(); lists-before > 30 {
			t.Errorf("%d lists in 10 minutes", lists-before)
		}
		for _, s := range all {
			_ = s.end()
		}
	})
}

// TestCreatingAfterAFailedGet: a list that shows a connection again ends the failure of its GET.
func TestCreatingAfterAFailedGet(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		s := watch(t.Context(), w, ofProject())
		time.Sleep(5 * time.Second)
		c.with(func() { c.hidden[idOf(1)], c.getDown[idOf(1)] = true, errInternal })
		time.Sleep(1500 * time.Millisecond)
		c.with(func() { c.hidden[idOf(1)] = false })
		time.Sleep(70 * time.Second)
		expect(t, s, "ADDED c1 CREATING, SYNCED")
		c.put(1, active)
		time.Sleep(2 * time.Second)
		expect(t, s, "MODIFIED c1 ACTIVE")
		_ = s.end()
	})
}

// TestRejectedCallersDelayNobody: a newcomer is not told that others are rejected, and does not
// wait for them, however many they are.
func TestRejectedCallersDelayNobody(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.put(2, creating) // so that the interval is short
		c.first = func(ctx context.Context, _ string, _ proto.Message) error {
			if call.From(ctx).Origin != "zoe" {
				return &upstream.Error{Kind: upstream.BreakerOpen, RetryAfter: 30 * time.Second}
			}
			return nil
		}
		var all []*watched
		for _, caller := range []string{"a", "b", "c"} {
			all = append(all, watch(as(t.Context(), caller), w, ofProject()))
		}
		time.Sleep(3 * time.Second)
		if resp, err := w.Wait(as(t.Context(), "zoe"), within(5*time.Second, request(1))); err != nil || resp.GetReached() != ready {
			t.Errorf("waited: %v, %v", resp, err)
		}
		for range 3 {
			all = append(all, watch(as(t.Context(), "zoe"), w, ofProject()))
		}
		time.Sleep(3 * time.Minute)
		last := all[len(all)-1]
		last.take()
		for range 5 {
			c.put(1, creating)
			time.Sleep(6 * time.Second)
			expect(t, last, "MODIFIED c1 CREATING")
			c.put(1, active)
			time.Sleep(6 * time.Second)
			expect(t, last, "MODIFIED c1 ACTIVE")
		}
		for _, s := range all {
			_ = s.end()
		}
	})
}

// TestPollsAreOfAnyOfTheCallers: one whose calls are rejected, or who waits for many, does not
// keep the others from what they ask for.
func TestPollsAreOfAnyOfTheCallers(t *testing.T) {
	for name, each := range map[string]struct {
		err    error
		others int // further watches of the others
	}{
		"circuit breaker": {&upstream.Error{Kind: upstream.BreakerOpen, RetryAfter: 30 * time.Second}, 1},
		"limit":           {&upstream.Error{Kind: upstream.Shed, RetryAfter: time.Second}, 1},
		"many watches":    {nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, creating)
				asked := make(map[string]int)
				c.first = func(ctx context.Context, _ string, _ proto.Message) error {
					origin := call.From(ctx).Origin
					if asked[origin]++; origin == "mallory" {
						return each.err
					}
					return nil
				}
				all := []*watched{watch(as(t.Context(), "mallory"), w, ofProject())}
				time.Sleep(3 * time.Second)
				if each.err == nil {
					all = append(all, watch(as(t.Context(), "mallory"), w, ofOne(1)), watch(as(t.Context(), "mallory"), w, ofOne(1)))
				}
				for range 1 + each.others {
					all = append(all, watch(as(t.Context(), "zoe"), w, ofProject()))
				}
				time.Sleep(5 * time.Second)
				for _, s := range all {
					expect(t, s, "ADDED c1 CREATING, SYNCED")
				}
				clear(asked)
				for _, p := range []*connsvcv1.Peering{active, creating, active} {
					c.put(1, p)
					time.Sleep(2 * time.Second)
				}
				if resp, err := w.Wait(as(t.Context(), "zoe"), within(0, request(1))); err != nil || resp.GetReached() != ready {
					t.Errorf("%v, %v", resp, err)
				}
				for _, s := range all {
					expect(t, s, "MODIFIED c1 ACTIVE, MODIFIED c1 CREATING, MODIFIED c1 ACTIVE")
				}
				if asked["zoe"] < 4 || asked["mallory"] > 0 {
					t.Errorf("calls by origin: %v", asked)
				}
				for _, s := range all {
					_ = s.end()
				}
			})
		})
	}
}

// TestPanicEndsOnePoller, wherever it comes from, and no lock stays held.
func TestPanicEndsOnePoller(t *testing.T) {
	for name, explode := range map[string]func(*cloud){
		"Call":    func(c *cloud) { c.explode["Call"] = 1 },
		"Polling": func(c *cloud) { c.explode["Polling"] = 1 },
		"CallersOwn": func(c *cloud) { // the second call of a round, which moves to another poller
			c.own = true
			c.explode["CallersOwn"] = 2
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, creating)
				s := watch(t.Context(), w, ofProject())
				expect(t, s, "ADDED c1 CREATING, SYNCED")
				time.AfterFunc(500*time.Millisecond, func() { c.with(func() { explode(c) }) })
				if err := <-s.ended; reasonOf(t, err) != connsvcv1.ErrorReason_INTERNAL {
					t.Errorf("ended with %v", err)
				}
				c.put(1, active)
				if got := wait(t, w, within(2*time.Second, request(1))).GetReached(); got != ready {
					t.Errorf("reached %v", got)
				}
			})
		})
	}
}
