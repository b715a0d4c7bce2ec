package model_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"pgregory.net/rapid"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/app"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// A clock is the time of both emulators.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// A stage has two emulators that respond alike to the same requests: one is called
// directly, the other through connsvc.
type stage struct {
	clock          *clock
	direct, behind replaceable
	directURL      string
	restURL        string
	grpc           *grpc.ClientConn
	http           *http.Client
	close          func()
}

// options make an emulator whose responses depend only on its requests.
func options(c *clock) emulator.Options {
	return emulator.Options{
		Seed: 1, Now: c.Now, PeeringDelay: 10 * time.Second, TestDelay: 5 * time.Second,
		Queues:      []string{"q1", "q2", "q3", "broken"},
		Pools:       []string{"p1", "p2"},
		PoolOfQueue: map[string]string{"pooled": "p1"},
		Network: emulator.Network{
			Peerings: []emulator.PeeringRule{
				{Name: "broken", Fails: "Failed to get subnet 86ddcf50-233a-449d-9811-cfef2f603213"},
				{Name: "q2", Up: faults.Duration(7 * time.Second), Down: faults.Duration(3 * time.Second)},
			},
			Addresses: []emulator.AddressRule{{Address: "192.168.0.1:22", Connectivity: "CONNECTION_REFUSED"}},
		},
	}
}

// A replaceable is an emulator that can be replaced by another.
type replaceable struct {
	atomic.Pointer[emulator.Emulator]
}

func (r *replaceable) ServeHTTP(w http.ResponseWriter, req *http.Request) { r.Load().ServeHTTP(w, req) }

// reset starts again with two new emulators.
func (s *stage) reset() {
	s.clock = &clock{now: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}
	s.direct.Store(emulator.New(options(s.clock)))
	s.behind.Store(emulator.New(options(s.clock)))
}

// slow makes the lists of both emulators lag; with the zero rule they do not.
func (s *stage) slow(t *rapid.T, lag faults.Rule) {
	if lag.Operation == "" {
		return
	}
	for _, e := range []*replaceable{&s.direct, &s.behind} {
		if err := e.Load().SetFaults([]faults.Rule{lag}); err != nil {
			t.Fatal(err)
		}
	}
}

func newStage() (*stage, error) {
	s := &stage{}
	s.reset()
	direct, behind := httptest.NewServer(&s.direct), httptest.NewServer(&s.behind)
	s.directURL = direct.URL

	cfg := config.Default()
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	cfg.Upstreams = []*configv1.Upstream{{
		Endpoint:    behind.URL,
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_Env{Env: "TOKEN"}}},
		Retry:       &configv1.Retry{MaxAttempts: 1, BudgetPercent: proto.Int32(0)},
		// A taken name that lists do not show yet is not waited for: the clock stands still.
		Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(20 * time.Millisecond), ListLag: durationpb.New(10 * time.Millisecond)},
	}}
	service, err := app.New(cfg, app.Options{
		Secret: func(*configv1.Secret) (string, error) { return "model", nil }, Log: io.Discard, Version: "model",
	})
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- service.Run(ctx) }()
	s.restURL = "http://" + service.RESTAddr().String()
	s.grpc, err = grpc.NewClient(service.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	transport := &http.Transport{}
	s.http = &http.Client{Transport: transport}
	s.close = func() {
		_ = s.grpc.Close()
		transport.CloseIdleConnections()
		stop()
		<-done
		direct.Close()
		behind.Close()
	}
	return s, err
}
