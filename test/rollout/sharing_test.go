package rollout_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator/wire"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

// A part is a replica without its listeners: all that has state between calls.
type part struct {
	*service.Service
	metrics *sdk.ManualReader
}

// counted returns a counter of the upstream: the sum of its series with an attribute
// of that value, or of all series for "".
func (p part) counted(tb testing.TB, name, value string) (n int64) {
	tb.Helper()
	var all metricdata.ResourceMetrics
	if err := p.metrics.Collect(context.Background(), &all); err != nil {
		tb.Fatal(err)
	}
	for _, m := range all.ScopeMetrics[0].Metrics {
		if m.Name != name {
			continue
		}
		for _, series := range m.Data.(metricdata.Sum[int64]).DataPoints {
			has := func(a attribute.KeyValue) bool { return a.Value.AsString() == value }
			if value == "" || slices.ContainsFunc(series.Attributes.ToSlice(), has) {
				n += series.Value
			}
		}
	}
	return n
}

// parts returns n replicas in front of one DLI, with the default configuration as changed
// by change.
func parts(tb testing.TB, n int, dli string, change func(*configv1.Upstream)) []part {
	tb.Helper()
	cfg := &configv1.Upstream{
		Name: "dli", Endpoint: dli, Timeout: durationpb.New(30 * time.Second),
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_Env{Env: "DLI_TOKEN"}}},
		Retry: &configv1.Retry{
			MaxAttempts: 3, BaseDelay: durationpb.New(100 * time.Millisecond), MaxDelay: durationpb.New(5 * time.Second), BudgetPercent: proto.Int32(20),
		},
		Protection: &configv1.Protection{MaxConcurrency: 200, BreakerFailures: 20, BreakerDelay: durationpb.New(2 * time.Second)},
	}
	change(cfg)
	all := make([]part, n)
	for i := range all {
		reader := sdk.NewManualReader()
		router, err := upstream.New([]*configv1.Upstream{cfg}, upstream.Options{
			Meter:  sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test"),
			Secret: func(*configv1.Secret) (string, error) { return "a-token", nil },
		})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { router.Close(context.Background()) })
		creates, err := create.New(noop.Meter{})
		if err != nil {
			tb.Fatal(err)
		}
		waits, err := waiting.New(router, noop.Meter{})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(waits.Close)
		all[i] = part{service.New(router, creates, waits), reader}
	}
	return all
}

// counted returns the URL of a DLI and the count of its calls.
func counted(tb testing.TB, dli http.Handler) (string, *atomic.Int64) {
	tb.Helper()
	calls := &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		dli.ServeHTTP(w, r)
	}))
	tb.Cleanup(server.Close)
	return server.URL, calls
}

// TestCallsOfDLI checks how many calls to DLI each call makes, as all replicas share
// DLI's rate limit.
func TestCallsOfDLI(t *testing.T) {
	dli, calls := counted(t, newDLI())
	p := parts(t, 1, dli, func(*configv1.Upstream) {})[0]
	var id string
	create := func(name, requestID string) func() error {
		return func() error {
			req := newCreate(name)
			req.RequestId = requestID
			resp, err := p.CreateEnhancedConnection(t.Context(), req)
			id = resp.GetConnectionId()
			return err
		}
	}
	for _, c := range []struct {
		name string
		call func() error
		want int64
	}{
		{"create", create("a", ""), 1},
		{"create with request_id", create("b", requestID(1)), 3},
		// The list by tag, a GET that proves that the connection exists, the list again as
		// the connection is new, and the list by the hash of its content.
		{"its retry", create("b", requestID(1)), 4},
		{"get", func() error {
			_, err := p.GetEnhancedConnection(t.Context(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
			return err
		}, 1},
	} {
		before := calls.Load()
		if err := c.call(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := calls.Load() - before; got != c.want {
			t.Errorf("%s: %d calls of DLI, want %d", c.name, got, c.want)
		}
	}
}

// TestReadsShareWithinAReplica checks that identical reads at the same time are one call
// to DLI for each replica.
func TestReadsShareWithinAReplica(t *testing.T) {
	const callers = 10
	release := make(chan struct{})
	dli, calls := counted(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		_, _ = w.Write([]byte(`{"is_success":true,"message":"","count":0,"connections":[]}`))
	}))
	replicas := parts(t, 2, dli, func(*configv1.Upstream) {})
	var asking sync.WaitGroup
	for _, r := range replicas {
		for range callers {
			asking.Go(func() {
				_, err := r.ListEnhancedConnections(t.Context(), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project})
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	shared := func() (n int64) {
		for _, r := range replicas {
			n += r.counted(t, "connsvc.upstream.shared_reads", "")
		}
		return n
	}
	for shared() < 2*(callers-1) {
		if err := pause(t.Context(), time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
	close(release)
	asking.Wait()
	if got := calls.Load(); got != 2 {
		t.Errorf("%d calls of DLI, want one for each replica", got)
	}
}

// TestEachReplicaHasItsBreaker checks that an open breaker affects one replica only.
func TestEachReplicaHasItsBreaker(t *testing.T) {
	dli, calls := counted(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	replicas := parts(t, 2, dli, func(u *configv1.Upstream) {
		u.Retry.MaxAttempts = 1
		u.Protection.BreakerDelay = durationpb.New(time.Minute)
	})
	const failures = 20
	ask := func(p part) error {
		_, err := p.ListEnhancedConnections(t.Context(), &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project})
		return err
	}
	for range failures + 5 {
		if ask(replicas[0]) == nil {
			t.Fatal("the call succeeded")
		}
	}
	if got := calls.Load(); got != failures {
		t.Errorf("%d calls of DLI, want %d and then none", got, failures)
	}
	if ask(replicas[1]) == nil || calls.Load() != failures+1 {
		t.Errorf("the other replica did not call DLI: %d calls", calls.Load())
	}
}

// TestCreateIsSafeAcrossReplicas makes the same create at every replica at once, and
// again, at a DLI that accepts duplicate names: one connection remains.
func TestCreateIsSafeAcrossReplicas(t *testing.T) {
	dli := newLaxDLI()
	url, _ := counted(t, dli)
	replicas := parts(t, 4, url, func(*configv1.Upstream) {})
	req := newCreate("one")
	req.RequestId = requestID(1)
	ids := map[string]bool{}
	var mu sync.Mutex
	for range 3 {
		var creating sync.WaitGroup
		for _, r := range replicas {
			creating.Go(func() {
				resp, err := r.CreateEnhancedConnection(context.WithoutCancel(t.Context()), proto.CloneOf(req))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[resp.GetConnectionId()] = true
			})
		}
		creating.Wait()
	}
	active := 0
	for _, c := range dli.Connections(project) {
		if c.Status == wire.StatusActive {
			active++
		}
	}
	if len(ids) != 1 || active != 1 {
		t.Errorf("the responses had %d connections, DLI has %d", len(ids), active)
	}
}
