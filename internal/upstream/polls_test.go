package upstream_test

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestTestsLeaveTheBudgetToPolls: however many tests wait, a poll waits for few of them.
func TestTestsLeaveTheBudgetToPolls(t *testing.T) {
	cfg := withToken("http://127.0.0.1:1", "p1")
	cfg.Polling = &configv1.Polling{MaxCallsPerMinute: 300}
	inBubble(t, cfg, func(http.ResponseWriter, *http.Request) {}, func(t *testing.T, b *bubble) {
		c, err := b.For("p1")
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var all sync.WaitGroup
		var tests atomic.Int64
		for range 100 {
			all.Go(func() {
				for c.AwaitTest(ctx) == nil {
					tests.Add(1)
				}
			})
		}
		began := time.Now()
		for n := range 150 { // half of a minute's calls
			asked := time.Now()
			if err := c.AwaitPoll(ctx); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(asked); took > time.Second {
				t.Errorf("poll %d waited %v", n, took)
			}
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("150 polls took %v", took)
		}
		time.Sleep(time.Minute)
		minutes := time.Since(began).Minutes()
		if got := float64(tests.Load()); got > minutes*150+10 || got < minutes*100 {
			t.Errorf("%v tests in %.1f minutes", got, minutes)
		}
		stop()
		all.Wait()
	})
}

// However many polls and tests of one caller wait, another's waits for few of them.
func TestPollsOfOneCallerDelayNobodyElse(t *testing.T) {
	for name, await := range map[string]func(*upstream.Client, context.Context) error{
		"polls": (*upstream.Client).AwaitPoll, "tests": (*upstream.Client).AwaitTest,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := withToken("http://127.0.0.1:1", "p1")
			cfg.Polling = &configv1.Polling{MaxCallsPerMinute: 300}
			inBubble(t, cfg, func(http.ResponseWriter, *http.Request) {}, func(t *testing.T, b *bubble) {
				c, err := b.For("p1")
				if err != nil {
					t.Fatal(err)
				}
				ctx, stop := context.WithCancel(t.Context())
				var all sync.WaitGroup
				for range 300 {
					all.Go(func() {
						for await(c, as(ctx, "many")) == nil {
						}
					})
				}
				for n := range 20 {
					time.Sleep(time.Second)
					asked := time.Now()
					if err := await(c, as(ctx, "one")); err != nil {
						t.Fatal(err)
					}
					if took := time.Since(asked); took > time.Second {
						t.Errorf("call %d waited %v", n, took)
					}
				}
				stop()
				all.Wait()
			})
		})
	}
}
