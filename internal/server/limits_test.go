package server_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

func shortCalls(c *configv1.Config) { c.Limits.CallTimeout = durationpb.New(200 * time.Millisecond) }

// A gate is a service whose calls wait until it opens.
type gate struct {
	entered, open chan struct{}
}

func newGate() *gate { return &gate{make(chan struct{}, 16), make(chan struct{})} }

func (g *gate) wait(ctx context.Context, _ proto.Message) error {
	g.entered <- struct{}{}
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestLimitsAreOfBothDoors holds one call open and makes another, over every
// pair of APIs.
func TestLimitsAreOfBothDoors(t *testing.T) {
	for name, tt := range map[string]struct {
		limit        func(*configv1.Config)
		code, reason string
	}{
		"calls": {func(c *configv1.Config) { c.Limits.MaxCalls = 1 }, "UNAVAILABLE", "OVERLOADED"},
		// All of it is one caller's.
		"bytes": {func(c *configv1.Config) { c.Limits.MaxCallsBytes = 150 }, "RESOURCE_EXHAUSTED", "CALLER_QUOTA"},
	} {
		for _, first := range apis {
			for _, second := range apis {
				t.Run(name+" "+first.name+" "+second.name, func(t *testing.T) {
					g := newGate()
					b := start(t, &stub{on: g.wait}, setup{config: tt.limit})
					var held sync.WaitGroup
					held.Go(func() {
						if got := first.create(t, b, createRequest(), nil); got.code != "OK" {
							t.Errorf("the call that was first: got %s %s", got.code, got.text)
						}
					})
					<-g.entered
					got := second.create(t, b, createRequest(), nil)
					if got.code != tt.code || got.reason != tt.reason || !strings.Contains(got.text, "RetryInfo") && got.status == 0 && !strings.Contains(got.text, "retry_delay") {
						t.Errorf("got %+v", got)
					}
					close(g.open)
					held.Wait()
					// Its place is free again, if not at once: the answer is out first.
					deadline := time.Now().Add(patience)
					for got = second.create(t, b, createRequest(), nil); got.code != "OK" && time.Now().Before(deadline); {
						got = second.create(t, b, createRequest(), nil)
					}
					if got.code != "OK" {
						t.Errorf("afterwards: got %+v", got)
					}
				})
			}
		}
	}
}

// TestRequestLargerThanAllBytes is served when it is alone.
func TestRequestLargerThanAllBytes(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCallsBytes = 1 }})
		if got := d.create(t, b, createRequest(), nil); got.code != "OK" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestSharedReadsCountForNoCaller: a caller whose quota is used up has no part in them.
func TestSharedReadsCountForNoCaller(t *testing.T) {
	reserved := make(chan error, 1)
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		c := call.From(ctx)
		own, shared := c.NewHolder(), c.Shared.NewHolder()
		defer own.Release()
		defer shared.Release()
		if err := own.Reserve(1 << 20); err != nil {
			return err
		}
		reserved <- shared.Reserve(2 << 20)
		more := c.NewHolder()
		defer more.Release()
		return more.Reserve(1 << 20)
	}}, setup{config: func(c *configv1.Config) { c.Limits.PerCaller = &configv1.CallerLimits{MaxBytes: 1 << 20} }})
	got := b.do(t, http.MethodGet, one, nil, nil)
	if err := <-reserved; err != nil || got.reason != "CALLER_QUOTA" {
		t.Errorf("shared: %v; the caller's own: %+v", err, got)
	}
}

// TestReadsWeighNothing: a GET that announces a body holds no bytes for it.
func TestReadsWeighNothing(t *testing.T) {
	g := newGate()
	b := start(t, &stub{on: g.wait}, setup{config: func(c *configv1.Config) { c.Limits.MaxCallsBytes = 1 }})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if got := b.do(t, http.MethodGet, one, nil, strings.NewReader("ignored")); got.status != http.StatusOK {
				t.Errorf("got %+v", got)
			}
		})
	}
	for range 3 {
		<-g.entered
	}
	close(g.open)
	all.Wait()
}
