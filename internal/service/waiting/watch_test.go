package waiting_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

func ofProject() *connsvcv1.WatchEnhancedConnectionsRequest {
	return &connsvcv1.WatchEnhancedConnectionsRequest{}
}

func ofOne(n int) *connsvcv1.WatchEnhancedConnectionsRequest {
	return &connsvcv1.WatchEnhancedConnectionsRequest{ConnectionId: idOf(n)}
}

func from(token string, req *connsvcv1.WatchEnhancedConnectionsRequest) *connsvcv1.WatchEnhancedConnectionsRequest {
	req.ResumeToken = token
	return req
}

// withoutHeartbeats removes what says that nothing has changed.
func withoutHeartbeats(events []*connsvcv1.WatchEnhancedConnectionsResponse) []*connsvcv1.WatchEnhancedConnectionsResponse {
	return slices.DeleteFunc(events, func(e *connsvcv1.WatchEnhancedConnectionsResponse) bool {
		return e.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_HEARTBEAT
	})
}

// expect compares the events since the last time.
func expect(t *testing.T, s *watched, want string) []*connsvcv1.WatchEnhancedConnectionsResponse {
	t.Helper()
	synctest.Wait()
	events := s.take()
	if got := words(withoutHeartbeats(slices.Clone(events))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	return events
}

func TestWatchOfAProject(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.put(2, creating)
		s := watch(t.Context(), w, ofProject())
		events := expect(t, s, "ADDED c1 ACTIVE, ADDED c2 CREATING, SYNCED")
		for _, e := range events {
			if !e.GetAsOf().AsTime().Equal(time.Now()) || len(e.GetConnection().GetHosts()) > 0 {
				t.Errorf("got %v", e)
			}
		}
		c.put(2, active)
		time.Sleep(time.Second)
		expect(t, s, "MODIFIED c2 ACTIVE")
		c.put(3)
		c.remove(1)
		time.Sleep(time.Second)
		expect(t, s, "ADDED c3, DELETED c1 ACTIVE")
		// Hosts are no part of an event, but a change of them is one.
		c.change(func(all map[string]*connsvcv1.EnhancedConnection) {
			changed := proto.CloneOf(all[idOf(3)])
			changed.Hosts[0].Ip = "10.0.0.2"
			all[idOf(3)] = changed
		})
		time.Sleep(2 * time.Second)
		expect(t, s, "MODIFIED c3")
		if err := s.end(); reasonOf(t, err) != connsvcv1.ErrorReason_CALLER_CANCELLED {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestWatchOfOneConnection(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		c.put(2, creating)
		s := watch(t.Context(), w, ofOne(1))
		events := expect(t, s, "ADDED c1 CREATING, SYNCED")
		c.put(1, active)
		c.put(2, active)
		time.Sleep(time.Second)
		events = append(events, expect(t, s, "MODIFIED c1 ACTIVE")...)
		c.remove(1)
		time.Sleep(2 * time.Second)
		events = append(events, expect(t, s, "DELETED c1 ACTIVE")...)
		for _, e := range events {
			if e.GetResumeToken() == "" {
				t.Errorf("no resume_token in %v", e)
			}
		}
		if err := <-s.ended; err != nil { // nothing more can change
			t.Errorf("ended with %v", err)
		}
		if lists, _ := c.counted(); lists > 0 {
			t.Errorf("%d lists for one connection", lists)
		}
		if err := <-watch(t.Context(), w, ofOne(1)).ended; reasonOf(t, err) != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestFlappingPeering(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		for range 3 {
			c.put(1, failed)
			time.Sleep(3 * time.Second)
			expect(t, s, "MODIFIED c1 FAILED")
			c.put(1, active)
			time.Sleep(3 * time.Second)
			expect(t, s, "MODIFIED c1 ACTIVE")
		}
		_ = s.end()
	})
}

func TestHeartbeats(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		began := time.Now()
		time.Sleep(time.Minute)
		c.fail(errDown)
		time.Sleep(time.Minute)
		synctest.Wait()
		events := s.take()
		if len(events) != 8 {
			t.Fatalf("%d events in two minutes: %s", len(events), words(events))
		}
		for i, e := range events {
			asOf := e.GetAsOf().AsTime()
			if e.GetType() != connsvcv1.WatchEnhancedConnectionsResponse_HEARTBEAT || e.GetResumeToken() == "" || asOf.Before(began.Add(-time.Second)) {
				t.Errorf("got %v", e)
			}
			if i == 7 && asOf.After(began.Add(time.Minute)) {
				t.Errorf("as_of %v, while DLI is down", asOf)
			}
		}
		_ = s.end()
	})
}

func TestWatchOutlastsAnOutage(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.fail(errDown)
		s := watch(t.Context(), w, ofProject())
		time.Sleep(time.Minute)
		expect(t, s, "")
		c.fail(nil)
		time.Sleep(31 * time.Second)
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		// Bad credentials, too: an operator may replace them.
		c.fail(&upstream.Error{Kind: upstream.Status, HTTPStatus: 401, Sent: true})
		c.remove(1)
		time.Sleep(time.Minute)
		expect(t, s, "")
		c.fail(nil)
		time.Sleep(31 * time.Second)
		expect(t, s, "DELETED c1 ACTIVE")
		c.fail(errDenied)
		time.Sleep(time.Minute)
		if err := <-s.ended; reasonOf(t, err) != connsvcv1.ErrorReason_UPSTREAM_DENIED {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestMissingFromListsIsNotDeleted(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 30 {
			c.put(n)
		}
		s := watch(t.Context(), w, ofProject())
		time.Sleep(time.Minute)
		s.take()
		lists, gets := c.counted()
		c.with(func() {
			for n := range 30 {
				c.hidden[idOf(n)] = true
			}
		})
		time.Sleep(20 * time.Second)
		c.with(func() { clear(c.hidden) })
		time.Sleep(time.Minute)
		expect(t, s, "")
		lists2, gets2 := c.counted()
		if gets2-gets > 10*(lists2-lists) || gets2 == gets {
			t.Errorf("%d lists and %d gets: a round must ask for 10 at most", lists2-lists, gets2-gets)
		}
		_ = s.end()
	})
}

func TestListsShowWhatIsDeleted(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		c.lag = 20 * time.Second
		time.Sleep(time.Minute)
		s := watch(t.Context(), w, ofProject())
		one := watch(t.Context(), w, ofOne(1))
		time.Sleep(time.Second)
		expect(t, s, "ADDED c1, SYNCED")
		c.remove(1)
		time.Sleep(time.Minute)
		expect(t, s, "DELETED c1")
		expect(t, one, "ADDED c1, SYNCED, DELETED c1")
		_ = s.end()
	})
	// A GET proves it at once, and lists still show it.
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		c.put(2)
		c.lag = 20 * time.Second
		time.Sleep(time.Minute)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1, ADDED c2, SYNCED")
		c.remove(1)
		if _, err := w.Wait(t.Context(), request(1)); reasonOf(t, err) != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
			t.Errorf("got %v", err)
		}
		expect(t, s, "DELETED c1")
		late := watch(t.Context(), w, ofProject())
		time.Sleep(2 * time.Minute)
		expect(t, s, "")
		expect(t, late, "ADDED c2, SYNCED")
		_, _ = s.end(), late.end()
	})
}

func TestWhatAGetHasShownStays(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		time.Sleep(time.Minute)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1, SYNCED")
		c.lag = time.Minute
		c.put(2, creating)
		if got := wait(t, w, within(0, request(2))).GetReached(); got != timeout {
			t.Errorf("reached %v", got)
		}
		expect(t, s, "ADDED c2 CREATING") // which lists do not show yet
		time.Sleep(2 * time.Minute)
		expect(t, s, "")
		_ = s.end()
	})
}

func TestListsDoNotTakeBackWhatAGetHasShown(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		time.Sleep(time.Minute)
		c.lag = 4 * time.Second
		s := watch(t.Context(), w, ofProject())
		time.Sleep(10 * time.Second)
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		c.put(1, failed)
		if got := wait(t, w, request(1)).GetReached(); got != hasFail {
			t.Errorf("reached %v", got)
		}
		time.Sleep(time.Minute)
		expect(t, s, "MODIFIED c1 FAILED") // and not ACTIVE again, by a list
		_ = s.end()
	})
}

func TestListsInPages(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 150 {
			c.put(n)
		}
		c.maxList = 30
		s := watch(t.Context(), w, ofProject())
		synctest.Wait()
		if events := s.take(); len(events) != 151 {
			t.Errorf("%d events", len(events))
		}
		c.remove(149)
		c.put(0, active)
		time.Sleep(30 * time.Second)
		expect(t, s, "MODIFIED c0 ACTIVE, DELETED c149")
		_ = s.end()
	})
}

// TestManyAreDeletedAtOnce: more than a round gets are decided by lists, and hold back
// nobody who comes meanwhile.
func TestManyAreDeletedAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 100 {
			c.put(n)
		}
		s := watch(t.Context(), w, ofProject())
		synctest.Wait()
		s.take()
		for n := range 99 {
			c.remove(n)
		}
		time.Sleep(2 * time.Second)
		late := watch(t.Context(), w, ofProject())
		time.Sleep(time.Second)
		synctest.Wait()
		if events := words(late.take()); !strings.Contains(events, "SYNCED") {
			t.Errorf("got %s", events)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if events := s.take(); len(events) != 99 {
			t.Errorf("%d events after 8 s", len(events))
		}
		if _, gets := c.counted(); gets > 80 {
			t.Errorf("%d gets", gets)
		}
		_, _ = s.end(), late.end()
	})
}

// TestForgedToken: what a token tells of, and does not exist, is decided by few GETs, and
// holds back nobody else.
func TestForgedToken(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		elsewhere := newCloud()
		for n := range 2000 {
			elsewhere.put(n + 10)
		}
		other := newWaits(t, elsewhere)
		defer other.Close()
		s := watch(t.Context(), other, ofProject())
		synctest.Wait()
		forged := token(s.take())
		_ = s.end()
		if forged == "" {
			t.Fatal("no token")
		}
		c.budget = rate.NewLimiter(5, 5)
		c.put(1, active)
		s = watch(t.Context(), w, from(forged, ofProject()))
		time.Sleep(time.Second)
		late := watch(t.Context(), w, ofProject())
		if got := wait(t, w, within(2*time.Second, request(1))).GetReached(); got != ready {
			t.Errorf("reached %v", got)
		}
		time.Sleep(2 * time.Second)
		expect(t, late, "ADDED c1 ACTIVE, SYNCED")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if events := s.take(); len(events) != 2002 || events[2001].GetType() != connsvcv1.WatchEnhancedConnectionsResponse_SYNCED {
			t.Errorf("%d events", len(events))
		}
		if _, gets := c.counted(); gets > 30 {
			t.Errorf("%d gets", gets)
		}
		_, _ = s.end(), late.end()
	})
}

func TestBrokenConnectionDoesNotHideOthers(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		c.put(2)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1, ADDED c2, SYNCED")
		c.with(func() {
			c.hidden[idOf(1)] = true
			c.getDown[idOf(1)] = &upstream.Error{Kind: upstream.Status, HTTPStatus: 500, Sent: true}
		})
		c.put(2, active)
		time.Sleep(time.Minute)
		expect(t, s, "MODIFIED c2 ACTIVE")
		late := watch(t.Context(), w, ofProject())
		time.Sleep(time.Minute)
		expect(t, late, "ADDED c1, ADDED c2 ACTIVE, SYNCED") // c1 is as it was known last
		_, _ = s.end(), late.end()
	})
}

func TestIntervalGrows(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, ofProject())
		time.Sleep(time.Hour)
		if lists, _ := c.counted(); lists > 120+10 {
			t.Errorf("%d lists in an hour without a change", lists)
		}
		before, _ := c.counted()
		c.put(1, creating)
		time.Sleep(30*time.Second + 5*time.Minute)
		if lists, _ := c.counted(); lists-before < 300 {
			t.Errorf("%d lists in 5 minutes of CREATING", lists-before)
		}
		// A peering that is CREATING for ever costs no call a second for ever.
		time.Sleep(15 * time.Minute)
		before, _ = c.counted()
		time.Sleep(time.Hour)
		if lists, _ := c.counted(); lists-before > 121 {
			t.Errorf("%d lists in an hour of CREATING", lists-before)
		}
		_ = s.end()
	})
}

func TestWatchersShareReads(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 100 {
			c.put(n, active)
		}
		one := func(watchers int) int {
			before, _ := c.counted()
			all := make([]*watched, watchers)
			for i := range all {
				all[i] = watch(t.Context(), w, ofProject())
			}
			time.Sleep(time.Minute)
			c.put(7, creating)
			time.Sleep(time.Minute)
			c.put(7, active)
			time.Sleep(2 * time.Minute)
			for _, s := range all {
				events := withoutHeartbeats(s.take())
				if len(events) != 103 || words(events[101:]) != "MODIFIED c7 CREATING, MODIFIED c7 ACTIVE" {
					t.Errorf("%d events, at the end %s", len(events), words(events[min(len(events), 101):]))
				}
				_ = s.end()
			}
			time.Sleep(time.Minute)
			after, _ := c.counted()
			return after - before
		}
		alone, many := one(1), one(1000)
		if _, gets := c.counted(); many != alone || gets > 0 {
			t.Errorf("1000 watchers cost %d lists and %d gets, one costs %d", many, gets, alone)
		}
	})
}

func TestSlowReaderGetsTheLatestState(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, creating)
		c.put(2, creating)
		ctx, stop := context.WithCancel(t.Context())
		s := &watched{&stream{ctx: ctx, gate: make(chan struct{})}, stop, make(chan error, 1)}
		go func() { s.ended <- w.Watch(&connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project}, s) }()
		synctest.Wait()
		quick := watch(t.Context(), w, ofProject())
		time.Sleep(2 * time.Second)
		for _, p := range []*connsvcv1.Peering{failed, creating, failed, active} {
			c.put(1, p)
			c.put(2, p)
			time.Sleep(3 * time.Second)
		}
		c.put(3)
		c.remove(2)
		time.Sleep(3 * time.Second)
		expect(t, quick, "ADDED c1 CREATING, ADDED c2 CREATING, SYNCED, "+
			strings.Join([]string{
				"MODIFIED c1 FAILED, MODIFIED c2 FAILED", "MODIFIED c1 CREATING, MODIFIED c2 CREATING",
				"MODIFIED c1 FAILED, MODIFIED c2 FAILED", "MODIFIED c1 ACTIVE, MODIFIED c2 ACTIVE",
			}, ", ")+", ADDED c3, DELETED c2 ACTIVE")
		close(s.gate)
		// The first event was on its way to the reader when he stopped reading.
		expect(t, s, "ADDED c1 CREATING, MODIFIED c1 ACTIVE, ADDED c3, SYNCED")
		_, _ = s.end(), quick.end()
	})
}

func TestResume(t *testing.T) {
	for name, req := range map[string]func() *connsvcv1.WatchEnhancedConnectionsRequest{
		"project": ofProject, "connection": func() *connsvcv1.WatchEnhancedConnectionsRequest { return ofOne(1) },
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
				other := newWaits(t, c) // another replica
				defer other.Close()
				c.put(1, active)
				s := watch(t.Context(), w, req())
				saved := token(expect(t, s, "ADDED c1 ACTIVE, SYNCED"))
				_ = s.end()
				s = watch(t.Context(), other, from(saved, req()))
				saved = token(expect(t, s, "SYNCED"))
				_ = s.end()
				c.put(1, failed)
				s = watch(t.Context(), w, from(saved, req()))
				time.Sleep(time.Second)
				saved = token(expect(t, s, "MODIFIED c1 FAILED, SYNCED"))
				_ = s.end()
				c.remove(1)
				s = watch(t.Context(), other, from(saved, req()))
				time.Sleep(time.Second)
				events := expect(t, s, "DELETED , SYNCED")
				if got := events[0].GetConnection(); got.GetId() != idOf(1) {
					t.Errorf("deleted %v", got)
				}
				_ = s.end()
			})
		})
	}
}

// TestResumeAfterAnEvent: a reader resumes with the last token that is not empty, whatever
// came before the watch broke.
func TestResumeAfterAnEvent(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, ofProject())
		saved := token(expect(t, s, "ADDED c1 ACTIVE, SYNCED"))
		c.put(1, failed)
		c.put(2, active)
		time.Sleep(time.Second)
		events := expect(t, s, "MODIFIED c1 FAILED, ADDED c2 ACTIVE")
		if events[0].GetResumeToken() != "" || events[1].GetResumeToken() == "" {
			t.Error("the last event of a view must have a token, and it alone")
		}
		_ = s.end()
		c.put(1, active)
		c.remove(2)
		s = watch(t.Context(), w, from(token(events), ofProject()))
		time.Sleep(time.Second)
		expect(t, s, "MODIFIED c1 ACTIVE, DELETED , SYNCED")
		_ = s.end()
		c.put(1, failed)
		s = watch(t.Context(), w, from(saved, ofProject()))
		time.Sleep(time.Second)
		expect(t, s, "MODIFIED c1 FAILED, SYNCED")
		c.remove(1)
		time.Sleep(time.Second)
		saved = token(expect(t, s, "DELETED c1 FAILED"))
		_ = s.end()
		s = watch(t.Context(), w, from(saved, ofProject()))
		time.Sleep(time.Second)
		expect(t, s, "SYNCED")
		_ = s.end()
	})
}

// TestResumeLosesNoEvent moves a watch between two replicas, whose lists lag, while
// connections change. What the reader has must be what exists, in the end.
func TestResumeLosesNoEvent(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		other := newWaits(t, c)
		defer other.Close()
		c.lag = 4 * time.Second
		has, saved := map[string]string{}, ""
		kinds := []*connsvcv1.Peering{creating, active, failed}
		for round := range 60 {
			for i := range 4 {
				n := (round*7 + i*3) % 11
				if (round+i)%5 == 0 {
					c.remove(n)
				} else {
					c.put(n, kinds[(round+i)%3])
				}
			}
			s := watch(t.Context(), []*waiting.Waits{w, other}[round%2], from(saved, ofProject()))
			time.Sleep(time.Duration(round%7) * time.Second)
			if round == 59 {
				time.Sleep(2 * time.Minute)
			}
			_ = s.end()
			for _, e := range s.take() {
				conn := e.GetConnection()
				switch e.GetType() {
				case connsvcv1.WatchEnhancedConnectionsResponse_DELETED:
					delete(has, conn.GetId())
				case connsvcv1.WatchEnhancedConnectionsResponse_ADDED, connsvcv1.WatchEnhancedConnectionsResponse_MODIFIED:
					has[conn.GetId()] = conn.GetAvailableQueueInfo()[0].GetStatus().String()
				}
				if e.GetResumeToken() != "" {
					saved = e.GetResumeToken()
				}
			}
		}
		want := map[string]string{}
		for id, conn := range c.conns {
			want[id] = conn.GetAvailableQueueInfo()[0].GetStatus().String()
		}
		if diff := cmp.Diff(want, has); diff != "" {
			t.Error(diff)
		}
	})
}

func TestBadResumeToken(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		s := watch(t.Context(), w, ofProject())
		synctest.Wait()
		good := token(s.take())
		_ = s.end()
		for name, req := range map[string]*connsvcv1.WatchEnhancedConnectionsRequest{
			"no base64":          from("?"+good[1:], ofProject()),
			"cut":                from(good[:len(good)-4], ofProject()),
			"longer":             from(good+"AAAA", ofProject()),
			"changed":            from(good[:20]+"AAAA"+good[24:], ofProject()),
			"another version":    from("Ag"+good[2:], ofProject()),
			"line ends":          from(good+"\n", ofProject()),
			"one letter":         from("A", ofProject()),
			"another connection": from(good, ofOne(1)),
		} {
			err := <-watch(t.Context(), w, req).ended
			e := apierror.From(err)
			if e.Reason != connsvcv1.ErrorReason_VALIDATION_FAILED || len(e.Violations) != 1 || e.Violations[0].Field != "resume_token" {
				t.Errorf("%s: %v", name, err)
			}
		}
		other := from(good, ofProject())
		other.ProjectId = "other"
		if err := w.Watch(other, s.stream); reasonOf(t, err) != connsvcv1.ErrorReason_VALIDATION_FAILED {
			t.Errorf("another project: %v", err)
		}
	})
}

func TestReconnect(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		stopping := make(chan struct{})
		s := watch(call.NewContext(t.Context(), &call.Call{Stopping: stopping}), w, ofProject())
		expect(t, s, "ADDED c1, SYNCED")
		close(stopping)
		if events := expect(t, s, "RECONNECT"); token(events) == "" {
			t.Error("RECONNECT has no token")
		}
		if err := <-s.ended; err != nil {
			t.Error(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		s = watch(ctx, w, ofProject())
		if err := <-s.ended; err != nil || ctx.Err() != nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		expect(t, s, "ADDED c1, SYNCED, RECONNECT")
	})
}

// TestWatchesEndApart: those that began together, as after a restart, do not reconnect all
// at once.
func TestWatchesEndApart(t *testing.T) {
	bubble(t, func(t *testing.T, _ *cloud, w *waiting.Waits) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Minute)
		defer cancel()
		ends := make(map[int]int) // by second
		began := time.Now()
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				if err := <-watch(ctx, w, ofProject()).ended; err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ends[int(time.Since(began).Seconds())]++
			})
		}
		all.Wait()
		if len(ends) < 30 {
			t.Errorf("100 watches ended in %d seconds", len(ends))
		}
	})
}

func TestSendFails(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1)
		if err := w.Watch(&connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project}, broken{t.Context()}); reasonOf(t, err) != connsvcv1.ErrorReason_INTERNAL {
			t.Errorf("got %v", err)
		}
	})
}

type broken struct{ ctx context.Context }

func (b broken) Context() context.Context { return b.ctx }

func (broken) Send(*connsvcv1.WatchEnhancedConnectionsResponse) error { return errors.New("broken") }

func TestHiddenConnections(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		c.put(2, active)
		judged := 0
		// A policy that looks at hosts and at peerings, which are not kept.
		sees := func(conn *connsvcv1.EnhancedConnection) bool {
			judged++
			if len(conn.GetHosts()) == 0 {
				t.Error("judged without its hosts")
			}
			return conn.GetAvailableQueueInfo()[0].GetStatus() == connsvcv1.Peering_ACTIVE && conn.GetName() != "c2"
		}
		s := watch(call.NewContext(t.Context(), &call.Call{Visible: sees}), w, ofProject())
		all := watch(t.Context(), w, ofProject())
		time.Sleep(time.Second)
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		time.Sleep(10 * time.Minute)
		if judged != 2 {
			t.Errorf("judged %d times without a change", judged)
		}
		c.put(2, failed)
		c.put(3, active)
		time.Sleep(31 * time.Second)
		saved := token(append(expect(t, s, "ADDED c3 ACTIVE"), heartbeat(s)...))
		c.put(1, failed) // hidden by the policy
		time.Sleep(31 * time.Second)
		expect(t, s, "DELETED c1 ACTIVE")
		c.put(1, active)
		time.Sleep(31 * time.Second)
		expect(t, s, "ADDED c1 ACTIVE")
		expect(t, all, "ADDED c1 ACTIVE, ADDED c2 ACTIVE, SYNCED, MODIFIED c2 FAILED, ADDED c3 ACTIVE, MODIFIED c1 FAILED, MODIFIED c1 ACTIVE")
		_ = s.end()
		c.put(3, failed)
		s = watch(call.NewContext(t.Context(), &call.Call{Visible: sees}), w, from(saved, ofProject()))
		time.Sleep(2 * time.Second)
		expect(t, s, "DELETED , SYNCED")
		_, _ = s.end(), all.end()
		hidden := watch(call.NewContext(t.Context(), &call.Call{Visible: sees}), w, ofOne(2))
		if err := <-hidden.ended; reasonOf(t, err) != connsvcv1.ErrorReason_CONNECTION_NOT_FOUND {
			t.Errorf("ended with %v", err)
		}
	})
}

func heartbeat(s *watched) []*connsvcv1.WatchEnhancedConnectionsResponse {
	time.Sleep(16 * time.Second)
	synctest.Wait()
	return s.take()
}

// TestPrivisAlone: DLI documents isPrivis in lists only.
func TestPrivisAlone(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		s := watch(t.Context(), w, ofProject())
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		_ = wait(t, w, request(1)) // which GETs it
		one := watch(t.Context(), w, ofOne(1))
		time.Sleep(time.Minute)
		expect(t, s, "")
		expect(t, one, "ADDED c1 ACTIVE, SYNCED")
		c.change(func(all map[string]*connsvcv1.EnhancedConnection) {
			changed := proto.CloneOf(all[idOf(1)])
			changed.IsPrivis = proto.Bool(false)
			all[idOf(1)] = changed
		})
		time.Sleep(31 * time.Second)
		expect(t, s, "MODIFIED c1 ACTIVE")
		_, _ = s.end(), one.end()
	})
}

// TestPrivisAfterAGet: what a GET does not show of a connection, lists do.
func TestPrivisAfterAGet(t *testing.T) {
	privis := func(c *cloud, value bool) {
		c.change(func(all map[string]*connsvcv1.EnhancedConnection) {
			changed := proto.CloneOf(all[idOf(1)])
			changed.IsPrivis = proto.Bool(value)
			all[idOf(1)] = changed
		})
	}
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		c.put(1, active)
		one := watch(t.Context(), w, ofOne(1)) // which GETs it
		time.Sleep(time.Second)
		s := watch(t.Context(), w, ofProject())
		time.Sleep(time.Minute)
		expect(t, s, "ADDED c1 ACTIVE, SYNCED")
		privis(c, false)
		time.Sleep(31 * time.Second)
		expect(t, s, "MODIFIED c1 ACTIVE")
		expect(t, one, "ADDED c1 ACTIVE, SYNCED, MODIFIED c1 ACTIVE")
		// A GET in the same poll does not hide what the list shows.
		privis(c, true)
		_ = wait(t, w, request(1))
		expect(t, s, "MODIFIED c1 ACTIVE")
		_, _ = s.end(), one.end()
	})
}

func TestManyComeAndGo(t *testing.T) {
	bubble(t, func(t *testing.T, c *cloud, w *waiting.Waits) {
		for n := range 20 {
			c.put(n, active)
		}
		var all sync.WaitGroup
		for i := range 200 {
			all.Go(func() {
				time.Sleep(time.Duration(i) * 50 * time.Millisecond)
				if i%2 == 0 {
					_ = wait(t, w, request(i%20))
					return
				}
				s := watch(t.Context(), w, ofProject())
				time.Sleep(2 * time.Second)
				if events := s.take(); len(events) != 21 {
					t.Errorf("%d events", len(events))
				}
				_ = s.end()
			})
		}
		began := time.Now()
		all.Wait()
		lists, gets := c.counted()
		if took := int(time.Since(began) / time.Second); lists > took+1 || gets > 100 {
			t.Errorf("%d lists and %d gets in %d s", lists, gets, took)
		}
	})
}
