package waiting_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

func reaching(req *connsvcv1.WaitEnhancedConnectionRequest, addresses ...string) *connsvcv1.WaitEnhancedConnectionRequest {
	req.Addresses = addresses
	return req
}

func TestWaitForAddresses(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		began := time.Now()
		c.reaches = func(queue, address string) string {
			if address == "db.example.com:5432" && queue == "q2" && time.Since(began) < time.Minute {
				return "UNREACHABLE"
			}
			return "REACHABLE"
		}
		c.put(1, active, peering("q2", connsvcv1.Peering_CREATING))
		time.AfterFunc(20*time.Second, func() { c.put(1, active, peering("q2", connsvcv1.Peering_ACTIVE)) })
		resp := wait(t, w, reaching(request(1), "10.0.0.1:80", "db.example.com:5432"))
		want := []*connsvcv1.AddressTest{
			{Queue: "q1", Address: "10.0.0.1:80", Reachable: true, Result: "REACHABLE"},
			{Queue: "q1", Address: "db.example.com:5432", Reachable: true, Result: "REACHABLE"},
			{Queue: "q2", Address: "10.0.0.1:80", Reachable: true, Result: "REACHABLE"},
			{Queue: "q2", Address: "db.example.com:5432", Reachable: true, Result: "REACHABLE"},
		}
		if diff := cmp.Diff(want, resp.GetTests(), protocmp.Transform()); diff != "" || resp.GetReached() != ready {
			t.Errorf("reached %v: %s", resp.GetReached(), diff)
		}
		if took := time.Since(began); took < time.Minute || took > 2*time.Minute {
			t.Errorf("it took %v", took)
		}
		if len(c.tests) < 6 || len(c.tests) > 15 {
			t.Errorf("%d tests", len(c.tests))
		}
	})
}

// TestTestsDoNotHoldBackOthers: tests of one caller take their share of the budget alone.
func TestTestsDoNotHoldBackOthers(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.budget, c.testing = rate.NewLimiter(5, 5), rate.NewLimiter(2.5, 2)
		c.reaches = func(_, _ string) string { return "UNREACHABLE" }
		c.put(1, active)
		c.put(2, active)
		var addresses []string
		for n := range 20 {
			addresses = append(addresses, fmt.Sprintf("10.0.0.%d:80", n))
		}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() { _, _ = w.Wait(ctx, reaching(request(1), addresses...)) })
		}
		time.Sleep(30 * time.Second)
		if got := wait(t, w, within(2*time.Second, request(2))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
		stop()
		all.Wait()
	})
}

// TestUnreachableAddressCostsFewPolls: a connection that does not change is read less and less
// often.
func TestUnreachableAddressCostsFewPolls(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.reaches = func(_, _ string) string { return "UNREACHABLE" }
		if got := wait(t, w, within(10*time.Minute, reaching(request(1), "10.0.0.1:80"))).GetReached(); got != timeout {
			t.Errorf("reached %v", got)
		}
		if _, gets := c.counted(); gets > 35 {
			t.Errorf("%d gets", gets)
		}
	})
}

// TestConnectionIsReadWhenAllAddressesAreReached, at once: it may have failed meanwhile.
func TestConnectionIsReadWhenAllAddressesAreReached(t *testing.T) {
	for name, each := range map[string]struct {
		then *connsvcv1.Peering
		want connsvcv1.WaitEnhancedConnectionResponse_Reached
	}{"active": {active, ready}, "failed": {failed, hasFail}} {
		for after := range 30 { // before and after a poll
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, active)
				result, reached := "UNREACHABLE", time.Now().Add(3*time.Minute+time.Duration(after)*time.Second)
				c.reaches = func(_, _ string) string { return result }
				time.AfterFunc(time.Until(reached), func() {
					c.put(1, each.then)
					c.with(func() { result = "REACHABLE" })
				})
				got := wait(t, w, reaching(request(1), "10.0.0.1:80")).GetReached()
				if took := time.Since(reached); got != each.want || took > 33*time.Second {
					t.Errorf("%s, %d s later: reached %v after %v", name, after, got, took)
				}
			})
		}
	}
}

func TestWaitForAddressesEnds(t *testing.T) {
	never := func(_, address string) string {
		if strings.HasPrefix(address, "10.") {
			return "REACHABLE"
		}
		return "TIMEOUT"
	}
	for name, each := range map[string]struct {
		during func(*cloud)
		want   connsvcv1.WaitEnhancedConnectionResponse_Reached
	}{
		"in time": {func(*cloud) {}, timeout},
		"failed":  {func(c *cloud) { c.put(1, failed) }, hasFail},
		"gone":    {func(c *cloud) { c.remove(1) }, gone},
		"down":    {func(c *cloud) { c.with(func() { c.testDown = errDown }) }, timeout},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, active)
				c.reaches = never
				time.AfterFunc(30*time.Second, func() { each.during(c) })
				resp := wait(t, w, within(2*time.Minute, reaching(request(1), "10.0.0.1:80", "db.example.com:1")))
				if resp.GetReached() != each.want {
					t.Errorf("got %v", resp)
				}
				if each.want != timeout {
					return
				}
				if tests := resp.GetTests(); len(tests) != 2 || !tests[0].GetReachable() || tests[1].GetReachable() || tests[1].GetResult() == "" {
					t.Errorf("got %v", tests)
				}
			})
		})
	}
}

// TestListsDoNotEndAWaitForAddresses: a queue that was bound before the wait is not in lists
// yet.
func TestListsDoNotEndAWaitForAddresses(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		time.Sleep(time.Minute)
		c.lag = 3 * time.Second
		c.reaches = func(_, _ string) string { return "REACHABLE" }
		s := watch(t.Context(), w, ofProject()) // so that it lists
		time.Sleep(time.Second)
		c.put(1, active)
		c.with(func() {
			c.getDown[idOf(1)] = &upstream.Error{Kind: upstream.Status, HTTPStatus: http.StatusServiceUnavailable, Sent: true}
		})
		time.AfterFunc(10*time.Second, func() { c.with(func() { clear(c.getDown) }) })
		if got := wait(t, w, within(time.Minute, reaching(request(1), "10.0.0.1:80"))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
		_ = s.end()
	})
}

// TestFlappingPeeringBeginsTestsAnew: what was reached before may not be reached now.
func TestFlappingPeeringBeginsTestsAnew(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		began := time.Now()
		c.reaches = func(_, address string) string {
			if address == "b.example.com:1" && time.Since(began) < time.Minute {
				return "TIMEOUT"
			}
			return "REACHABLE"
		}
		time.AfterFunc(10*time.Second, func() { c.put(1, creating) })
		time.AfterFunc(90*time.Second, func() { c.put(1, active) })
		resp := wait(t, w, reaching(request(1), "a.example.com:1", "b.example.com:1"))
		if took := time.Since(began); resp.GetReached() != ready || took < 90*time.Second {
			t.Errorf("reached %v after %v", resp.GetReached(), took)
		}
	})
}

func TestWaitForAddressesErrors(t *testing.T) {
	pool := func(c *cloud) {
		c.change(func(all map[string]*connsvcv1.EnhancedConnection) {
			all[idOf(1)] = &connsvcv1.EnhancedConnection{Id: idOf(1), ElasticResourcePools: []*connsvcv1.Peering{creating}}
		})
	}
	noQueue := &upstream.Error{Kind: upstream.Status, HTTPStatus: 400, Code: "DLI.0002", Message: "There is no queue named q9", Sent: true}
	for name, each := range map[string]struct {
		put    func(*cloud)
		queues []string
		want   connsvcv1.ErrorReason
		text   string
	}{
		"no queue":      {func(c *cloud) { c.put(1) }, nil, connsvcv1.ErrorReason_VALIDATION_FAILED, "no queue is bound"},
		"pools alone":   {pool, nil, connsvcv1.ErrorReason_VALIDATION_FAILED, "elastic resource pools"},
		"unknown queue": {func(c *cloud) { c.put(1, active); c.testDown = noQueue }, []string{"q9"}, connsvcv1.ErrorReason_QUEUE_NOT_FOUND, "no queue named q9"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				each.put(c)
				req := reaching(request(1), "10.0.0.1:80")
				req.Queues = each.queues
				_, err := w.Wait(t.Context(), within(time.Minute, req))
				if e := apierror.From(err); e.Reason != each.want || !strings.Contains(e.Message, each.text) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		pool(c)
		req := within(0, reaching(request(1), "10.0.0.1:80"))
		req.Queues = []string{"q1"}
		resp := wait(t, w, req)
		if tests := resp.GetTests(); resp.GetReached() != timeout || len(tests) != 1 || tests[0].GetResult() != "" {
			t.Errorf("got %v", resp)
		}
	})
}

// TestWaitMakesPermittedTestsOnly: the policy decides on each test, of queues that the request
// names before DLI is asked for anything.
func TestWaitMakesPermittedTestsOnly(t *testing.T) {
	denied := apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, "", nil)
	for name, queues := range map[string][]string{"named": {"q1", "q2"}, "bound": nil} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				c.put(1, active, peering("q2", connsvcv1.Peering_ACTIVE))
				c.reaches = func(string, string) string { return "REACHABLE" }
				var asked []string
				ctx := call.NewContext(t.Context(), &call.Call{Permits: func(_ context.Context, req proto.Message, _ *connsvcv1.EnhancedConnection) error {
					test := req.(*connsvcv1.CreateConnectivityTestRequest)
					asked = append(asked, test.GetQueueName()+" "+test.GetAddress())
					if test.GetProjectId() == project && test.GetQueueName() == "q2" && test.GetAddress() == "10.0.0.1:22" {
						return denied
					}
					return nil
				}})
				req := reaching(request(1), "10.0.0.1:80", "10.0.0.1:22")
				req.Queues = queues
				_, err := w.Wait(ctx, req)
				if got := strings.Join(asked, ", "); reasonOf(t, err) != denied.Reason || got != "q1 10.0.0.1:80, q1 10.0.0.1:22, q2 10.0.0.1:80, q2 10.0.0.1:22" {
					t.Errorf("asked for %s: %v", got, err)
				}
				if lists, gets := c.counted(); len(c.tests) > 0 || queues != nil && lists+gets > 0 {
					t.Errorf("%d tests, %d lists, %d gets", len(c.tests), lists, gets)
				}
			})
		})
	}
}
