package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// byID answers 503 for connections with an ID that begins with bad, hangs for those with
// hang, and well for all others.
func byID(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/bad"):
		answer(503, "")(w, r)
	case strings.Contains(r.URL.Path, "/hang"):
		hang(w, r)
	default:
		answer(200, `{}`)(w, r)
	}
}

// Failures of one caller or project open the breaker for these alone, even where nobody else
// calls between them.
func TestBreakerRejectsWhoFails(t *testing.T) {
	for name, tt := range map[string]struct{ caller, project string }{
		"another caller":             {"b", "p"},
		"another project":            {"a", "q"},
		"another caller and project": {"b", "q"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, breaking(), byID, func(t *testing.T, b *bubble) {
				for range 10 {
					for range 3 {
						if err := getIn(as(t.Context(), "a"), b.Router, "p", "bad"); err == nil {
							t.Error("a call succeeded")
						}
					}
					wantKind(t, getIn(as(t.Context(), "a"), b.Router, "p", "good"), upstream.BreakerOpen, false)
					if err := getIn(as(t.Context(), tt.caller), b.Router, tt.project, "good"); err != nil {
						t.Errorf("Call: %v", err)
					}
					if b.stats(t).breakerOpen {
						t.Error("the upstream counts as down, though a call succeeded")
					}
					time.Sleep(2 * time.Second)
				}
			})
		})
	}
}

// A probe that hangs stops nobody else.
func TestProbeThatHangs(t *testing.T) {
	inBubble(t, breaking(), byID, func(t *testing.T, b *bubble) {
		for range 3 {
			_ = getIn(as(t.Context(), "a"), b.Router, "p", "bad")
			_ = getIn(as(t.Context(), "b"), b.Router, "p", "bad")
		}
		time.Sleep(2 * time.Second)
		var running sync.WaitGroup
		running.Go(func() { wantKind(t, getIn(as(t.Context(), "a"), b.Router, "p", "hang"), upstream.Timeout, true) })
		synctest.Wait()
		wantKind(t, getIn(as(t.Context(), "a"), b.Router, "p", "good"), upstream.BreakerOpen, false)
		if err := getIn(as(t.Context(), "b"), b.Router, "p", "good"); err != nil {
			t.Errorf("Call: %v", err)
		}
		running.Wait()
	})
}

// Lists that hang reject further lists, and nothing else of their caller: no create, no read,
// and no lookup by name.
func TestSlowListsStopNoCreate(t *testing.T) {
	lists := func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/enhanced-connections") && r.URL.Query().Get("name") == "" {
			hang(w, r)
			return
		}
		answer(200, `{"is_success":true,"count":0,"connections":[]}`)(w, r)
	}
	inBubble(t, breaking(), lists, func(t *testing.T, b *bubble) {
		for range 3 {
			wantKind(t, callList(t, b.Router, ""), upstream.Timeout, true)
		}
		wantKind(t, callList(t, b.Router, ""), upstream.BreakerOpen, false)
		for _, err := range []error{callCreate(t.Context(), b.Router), callGet(t.Context(), b.Router), callList(t, b.Router, "n")} {
			if err != nil {
				t.Errorf("Call: %v", err)
			}
		}
		wantKind(t, callList(t, b.Router, ""), upstream.BreakerOpen, false)
	})
}

// When nobody has had a response for a while, one failure is enough; until then, and when
// somebody has one again, it is not.
func TestUpstreamIsDown(t *testing.T) {
	inBubble(t, breaking(), byID, func(t *testing.T, b *bubble) {
		fail := func(caller, project string) { _ = getIn(as(t.Context(), caller), b.Router, project, "bad") }
		rejected := func(caller, project string) bool {
			before := b.requests.Load()
			fail(caller, project)
			return b.requests.Load() == before
		}
		if err := getIn(t.Context(), b.Router, "p", "good"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			fail("a", "p")
		}
		fail("b", "p")
		if !rejected("a", "p") || rejected("b", "p") || b.stats(t).breakerOpen {
			t.Error("want a rejected, and b not, a moment after a response")
		}
		time.Sleep(2 * time.Second)
		if !b.stats(t).breakerOpen {
			t.Error("the upstream does not count as down")
		}
		fail("c", "p")
		fail("d", "q")
		for caller, project := range map[string]string{"c": "p", "d": "q"} {
			if !rejected(caller, project) {
				t.Errorf("%s is not rejected, though nobody has a response", caller)
			}
		}
		// One is back: the others are tried as before, of its project.
		if err := getIn(as(t.Context(), "e"), b.Router, "q", "good"); err != nil {
			t.Fatal(err)
		}
		if b.stats(t).breakerOpen {
			t.Error("the upstream counts as down")
		}
		fail("f", "q")
		if rejected("f", "q") {
			t.Error("f is rejected after one failure, though e has a response")
		}
		fail("g", "p")
		if !rejected("g", "p") {
			t.Error("g is not rejected, though nobody has a response in its project")
		}
	})
}

// A project in which nobody has a response takes one failure of each caller.
func TestProjectIsDown(t *testing.T) {
	inBubble(t, breaking(), byID, func(t *testing.T, b *bubble) {
		for range 3 {
			_ = getIn(as(t.Context(), "a"), b.Router, "p", "bad")
		}
		time.Sleep(2 * time.Second)
		for i := range 50 {
			caller := as(t.Context(), fmt.Sprint("caller ", i))
			if err := getIn(caller, b.Router, "q", "good"); err != nil {
				t.Fatal(err)
			}
			_ = getIn(caller, b.Router, "p", "bad")
			wantKind(t, getIn(caller, b.Router, "p", "bad"), upstream.BreakerOpen, false)
		}
	})
}

// A caller whose calls fail and succeed by turns, endless new projects that hang, and a
// project that always fails leave others alone; what is kept of them is bounded.
func TestHostileCallers(t *testing.T) {
	inBubble(t, breaking(), byID, func(t *testing.T, b *bubble) {
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		attack := func(caller string, pause time.Duration, id func(i int) (project, id string)) {
			running.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					project, id := id(i)
					_ = getIn(as(ctx, caller), b.Router, project, id)
					time.Sleep(pause)
				}
			})
		}
		attack("alternating", 10*time.Millisecond, func(i int) (string, string) { return "p", []string{"bad", "good"}[i%2] })
		attack("failing", 10*time.Millisecond, func(int) (string, string) { return "p", "bad" })
		attack("everywhere", time.Millisecond, func(i int) (string, string) { return fmt.Sprint("p", i), "bad" })
		for i := range 100 {
			attack("hanging", time.Millisecond, func(int) (string, string) { return "p", fmt.Sprint("hang", i) })
		}
		for i := range 60 {
			for _, project := range []string{"p", "q"} {
				if err := getIn(as(t.Context(), "good"), b.Router, project, fmt.Sprint("good", i)); err != nil {
					t.Errorf("call %d of %s: %v", i, project, err)
				}
			}
			time.Sleep(500 * time.Millisecond)
		}
		if b.stats(t).shedByBreaker == 0 {
			t.Error("no attack was rejected")
		}
		sources, projects, most := b.Sources("p")
		if sources < most || sources > most || projects > most {
			t.Errorf("%d sources and %d projects are known, want at most %d", sources, projects, most)
		}
		stop()
		running.Wait()
		// An hour later there is room for another.
		time.Sleep(time.Hour)
		for range 3 {
			_ = getIn(as(t.Context(), "late"), b.Router, "p", "bad")
		}
		wantKind(t, getIn(as(t.Context(), "late"), b.Router, "p", "good"), upstream.BreakerOpen, false)
	})
}

// Who joined the read of a caller who is rejected makes it on its own.
func TestRejectedReadIsNotShared(t *testing.T) {
	handler := func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/wanted") {
			answer(200, `{"name":"n"}`)(w, r)
			return
		}
		time.Sleep(1500 * time.Millisecond)
		answer(200, `{}`)(w, r)
	}
	inBubble(t, limited(10), handler, func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for i := range 10 {
			running.Go(func() { _ = getIn(as(t.Context(), "a"), b.Router, "p", fmt.Sprint("c", i)) })
		}
		synctest.Wait()
		running.Go(func() {
			wantKind(t, getIn(as(t.Context(), "a"), b.Router, "p", "wanted"), upstream.Shed, false)
		})
		synctest.Wait()
		running.Go(func() {
			req := &connsvcv1.GetEnhancedConnectionRequest{ProjectId: "p", ConnectionId: "wanted"}
			resp := &connsvcv1.EnhancedConnection{}
			if err := callOf(as(t.Context(), "b"), b.Router, get, req, resp); err != nil || resp.GetName() != "n" {
				t.Errorf("Call: %v, %v", err, resp)
			}
		})
		running.Wait()
		if s := b.stats(t); s.shared != 1 {
			t.Errorf("%d reads were shared, want 1", s.shared)
		}
	})
}
