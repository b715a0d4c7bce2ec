package upstream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

// serving asks a project's connection for its name, which is that of its server.
func serving(t *testing.T, r *upstream.Router, project string) string {
	t.Helper()
	var c connsvcv1.EnhancedConnection
	err := r.Call(t.Context(), get, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: "c"}, &c)
	if err != nil {
		return failure(t, err).Kind.String()
	}
	return c.GetName()
}

func TestReload(t *testing.T) {
	remotes := make(map[string]map[string]bool)
	var mu sync.Mutex
	server := func(name string) string {
		remotes[name] = make(map[string]bool)
		return newServer(t, func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			remotes[name][r.RemoteAddr] = true
			mu.Unlock()
			answer(200, `{"name":"`+name+`"}`)(w, r)
		})
	}
	stays, moves, comes := server("stays"), server("moves"), server("comes")
	r := router(t, upstream.Options{}, protected(stays, "a"), protected(moves, "b"))
	wantServing := func(want string) {
		t.Helper()
		got := fmt.Sprint(serving(t, r, "a"), " ", serving(t, r, "b"), " ", serving(t, r, "c"))
		if got != want {
			t.Errorf("a, b and c are served by %s, want %s", got, want)
		}
	}
	wantServing("stays moves not_configured")

	// What is bad changes nothing, however much of it is good.
	for _, bad := range []*configv1.Upstream{
		{Endpoint: comes, Projects: []string{"c"}}, protected("ftp://x", "c"), protected(comes, "a"), withToken(comes, "c", "c"),
	} {
		err := r.Reload([]*configv1.Upstream{protected(stays, "a"), bad})
		if err == nil || !strings.HasPrefix(err.Error(), "upstreams[1].") {
			t.Errorf("Reload: %v", err)
		}
		wantServing("stays moves not_configured")
	}

	// The order and the projects may change: the client is the same.
	changed := protected(moves, "b")
	changed.Timeout = durationpb.New(time.Minute)
	if err := r.Reload([]*configv1.Upstream{protected(comes), changed, protected(stays, "a", "x")}); err != nil {
		t.Fatal(err)
	}
	wantServing("stays moves comes")
	for name, want := range map[string]int{"stays": 1, "moves": 2, "comes": 1} {
		if got := len(remotes[name]); got != want {
			t.Errorf("%s had %d connections, want %d", name, got, want)
		}
	}
	if err := r.Reload(nil); err != nil {
		t.Fatal(err)
	}
	wantServing("not_configured not_configured not_configured")
	r.Close(t.Context())
	if err := r.Reload([]*configv1.Upstream{protected(stays)}); err == nil {
		t.Error("a closed router takes a configuration")
	}
	if got := serving(t, r, "a"); got != "unreachable" {
		t.Errorf("a closed router: %s", got)
	}
}

// The breaker of an upstream that did not change stays as it is.
func TestReloadKeepsTheBreaker(t *testing.T) {
	inBubble(t, breaking(), answer(503, ""), func(t *testing.T, b *bubble) {
		for range 3 {
			_ = callCreate(t.Context(), b.Router)
		}
		same := proto.CloneOf(breaking())
		same.Projects, same.Idempotency = []string{project}, &configv1.Idempotency{TagKey: "k"}
		if err := b.Reload([]*configv1.Upstream{same}); err != nil {
			t.Fatal(err)
		}
		wantKind(t, callCreate(t.Context(), b.Router), upstream.BreakerOpen, false)
		if got := b.Idempotency(project); got.GetTagKey() != "k" {
			t.Errorf("idempotency %v", got)
		}
	})
}

// Calls in flight end on the client that they began on, which is closed then.
func TestReloadDropsNoCall(t *testing.T) {
	release, arrived := make(chan struct{}), make(chan struct{})
	closed := make(chan struct{}, 10)
	old := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		<-release
		answer(200, `{"name":"old"}`)(w, r)
	}))
	old.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateClosed {
			closed <- struct{}{}
		}
	}
	old.Start()
	t.Cleanup(old.Close)
	r := router(t, upstream.Options{}, withToken(old.URL))
	var running sync.WaitGroup
	for _, call := range []func(context.Context, *upstream.Router) error{callGet, callCreate} {
		running.Go(func() {
			if err := call(t.Context(), r); err != nil {
				t.Errorf("a call in flight: %v", err)
			}
		})
		<-arrived
	}
	if err := r.Reload([]*configv1.Upstream{withToken(newServer(t, answer(200, `{"name":"new"}`)))}); err != nil {
		t.Fatal(err)
	}
	if got := serving(t, r, project); got != "new" {
		t.Errorf("served by %s", got)
	}
	close(release)
	running.Wait()
	for range 2 {
		<-closed
	}
}

// Calls under many reloads are all served, by the one or the other.
func TestReloadUnderLoad(t *testing.T) {
	first, second := newServer(t, answer(200, `{"name":"first"}`)), newServer(t, answer(200, `{"name":"second"}`))
	r := router(t, upstream.Options{}, withToken(first))
	var done atomic.Bool
	var running sync.WaitGroup
	for range 4 {
		running.Go(func() {
			for !done.Load() {
				if err := callCreate(t.Context(), r); err != nil {
					t.Errorf("Call: %v", err)
				}
				if got := serving(t, r, project); got != "first" && got != "second" {
					t.Errorf("served by %s", got)
				}
			}
		})
	}
	for i := range 50 {
		if err := r.Reload([]*configv1.Upstream{withToken([]string{first, second}[i%2])}); err != nil {
			t.Error(err)
		}
	}
	done.Store(true)
	running.Wait()
}

func TestIdempotency(t *testing.T) {
	a, rest := withToken("https://a.example.com", "a"), withToken("https://b.example.com")
	a.Idempotency = &configv1.Idempotency{TagKey: "k", ReconcileTimeout: durationpb.New(time.Second)}
	r := router(t, upstream.Options{}, a, rest)
	if diff := cmp.Diff(a.Idempotency, r.Idempotency("a"), protocmp.Transform()); diff != "" {
		t.Errorf("idempotency (-want +got):\n%s", diff)
	}
	if got := r.Idempotency("other"); got != nil {
		t.Errorf("idempotency %v of an upstream that has none", got)
	}
	if got := router(t, upstream.Options{}, a).Idempotency("other"); got != nil {
		t.Errorf("idempotency %v without an upstream", got)
	}
}

// DLI's clock is known from any answer, and stands in the error of one.
func TestSkew(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	date := now.Add(90 * time.Second)
	status := http.StatusOK
	endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		answer(status, `{}`, "Date", date.Format(http.TimeFormat))(w, r)
	})
	r := router(t, upstream.Options{Now: func() time.Time { return now }}, withToken(endpoint))
	if _, known := r.Skew(project); known {
		t.Error("the clock of DLI is known before it has answered")
	}
	if err := callCreate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if skew, known := r.Skew(project); skew != 90*time.Second || !known {
		t.Errorf("skew %v, %t", skew, known)
	}
	status, date = http.StatusServiceUnavailable, now.Add(-time.Minute)
	if e := failure(t, callCreate(t.Context(), r)); !e.Date.Equal(date) {
		t.Errorf("date %v, want %v", e.Date, date)
	}
	if skew, _ := r.Skew(project); skew != -time.Minute {
		t.Errorf("skew %v", skew)
	}
	if _, known := router(t, upstream.Options{}, withToken(endpoint, "a")).Skew("other"); known {
		t.Error("the clock of no upstream is known")
	}
}

// Close waits for the calls in flight, those on clients given up before too, but not
// for ever.
func TestCloseWaits(t *testing.T) {
	var told atomic.Int64
	observe := func(context.Context, upstream.Attempt) { told.Add(1) }
	inBubbleWith(t, upstream.Options{Observe: observe}, withToken("http://127.0.0.1:1"), slowly(answer(200, `{}`)), func(t *testing.T, b *bubble) {
		closed := func(most time.Duration) time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), most)
			defer cancel()
			start := time.Now()
			b.Router.Close(ctx)
			return time.Since(start)
		}
		var running sync.WaitGroup
		running.Go(func() { _ = callList(t, b.Router, "a") })
		synctest.Wait()
		if err := b.Reload(nil); err != nil { // what it gives up is waited for, too
			t.Fatal(err)
		}
		got := []time.Duration{closed(400 * time.Millisecond), closed(time.Minute), closed(time.Minute)}
		if diff := cmp.Diff([]time.Duration{400 * time.Millisecond, 600 * time.Millisecond, 0}, got); diff != "" {
			t.Errorf("Close took (-want +got):\n%s", diff)
		}
		if told.Load() != 1 {
			t.Errorf("%d attempts were told of when Close returned, want 1", told.Load())
		}
		running.Wait()
	})
}
