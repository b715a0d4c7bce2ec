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
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

// serving asks a project's connection for its name, which is that of its server.
func serving(t *testing.T, r *upstream.Router, project string) string {
	t.Helper()
	var c connsvcv1.EnhancedConnection
	err := callOf(t.Context(), r, get, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: "c"}, &c)
	if err != nil {
		return failure(t, err).Kind.String()
	}
	return c.GetName()
}

func clientOf(t *testing.T, r *upstream.Router, project string) *upstream.Client {
	t.Helper()
	c, err := r.For(project)
	if err != nil {
		t.Fatal(err)
	}
	return c
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

	// The order and the projects may change. Connections start anew.
	changed := protected(moves, "b")
	changed.Timeout = durationpb.New(time.Minute)
	if err := r.Reload([]*configv1.Upstream{protected(comes), changed, protected(stays, "a", "x")}); err != nil {
		t.Fatal(err)
	}
	wantServing("stays moves comes")
	for name, want := range map[string]int{"stays": 2, "moves": 2, "comes": 1} {
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

// Credentials whose configuration did not change keep their tokens: IAM is not asked
// again. All else of the upstream may change.
func TestReloadKeepsTokens(t *testing.T) {
	var asked atomic.Int64
	iam := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		token := fmt.Sprint("token-", asked.Add(1))
		answer(201, `{"token":{"expires_at":"`+time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)+`"}}`, "X-Subject-Token", token)(w, r)
	})
	dli := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		answer(200, `{"name":"`+r.Header.Get("X-Auth-Token")+`"}`)(w, r)
	})
	withPassword := func(user string) *configv1.Upstream {
		u := protected(dli)
		u.Credentials = &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
			Endpoint: iam, DomainName: "d", UserName: user, Password: env("PASSWORD"),
		}}
		return u
	}
	r := router(t, upstream.Options{}, withPassword("a"))
	same := withPassword("a")
	same.Projects, same.Timeout = []string{project}, durationpb.New(time.Minute)
	same.Idempotency = &configv1.Idempotency{TagKey: "k"}
	for _, step := range []struct {
		cfg  *configv1.Upstream
		want string
	}{{withPassword("a"), "token-1"}, {same, "token-1"}, {withPassword("b"), "token-2"}, {withPassword("a"), "token-3"}} {
		if err := r.Reload([]*configv1.Upstream{step.cfg}); err != nil {
			t.Fatal(err)
		}
		if got := serving(t, r, project); got != step.want {
			t.Errorf("DLI got %s, want %s", got, step.want)
		}
		if got := clientOf(t, r, project).Idempotency(); got != step.cfg.GetIdempotency() {
			t.Errorf("idempotency %v", got)
		}
	}
}

// A client that was looked up before a reload goes on to serve, until the router is closed.
func TestClientOutlivesReload(t *testing.T) {
	r := router(t, upstream.Options{}, withToken(newServer(t, answer(200, `{"name":"old"}`))))
	old := clientOf(t, r, project)
	if err := r.Reload(nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		var got connsvcv1.EnhancedConnection
		if err := old.Call(t.Context(), get, getRequest(), &got); err != nil || got.GetName() != "old" {
			t.Errorf("got %v, %v", &got, err)
		}
	}
	r.Close(t.Context())
	wantKind(t, old.Call(t.Context(), get, getRequest(), &connsvcv1.EnhancedConnection{}), upstream.Unreachable, false)
}

// Calls in flight end on the client that they began on; its connections are closed then.
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
	if diff := cmp.Diff(a.Idempotency, clientOf(t, r, "a").Idempotency(), protocmp.Transform()); diff != "" {
		t.Errorf("idempotency (-want +got):\n%s", diff)
	}
	if got := clientOf(t, r, "other").Idempotency(); got != nil {
		t.Errorf("idempotency %v of an upstream that has none", got)
	}
	if _, err := router(t, upstream.Options{}, a).For("other"); failure(t, err).Kind != upstream.NotConfigured {
		t.Errorf("without an upstream: %v", err)
	}
}

// What DLI has shown of itself outlives a reload, unless another endpoint is configured: it is
// learned again only from a duplicate.
func TestReloadKeepsWhatDLIHasShown(t *testing.T) {
	unique := func(endpoint string) *configv1.Upstream {
		u := withToken(endpoint)
		u.Idempotency = &configv1.Idempotency{UniqueNames: true}
		return u
	}
	dli, other := newServer(t, answer(200, `{}`)), newServer(t, answer(200, `{}`))
	r := router(t, upstream.Options{}, unique(dli))
	before := clientOf(t, r, project)
	serving(t, r, project)
	reload := func(u *configv1.Upstream) *upstream.Client {
		t.Helper()
		if err := r.Reload([]*configv1.Upstream{u}); err != nil {
			t.Fatal(err)
		}
		return clientOf(t, r, project)
	}
	after := reload(unique(dli))
	before.RecordUniqueNames(false) // by a call that began before the reload
	changed := unique(dli)
	changed.Timeout = durationpb.New(time.Minute)
	for name, c := range map[string]*upstream.Client{"the same": after, "another timeout": reload(changed)} {
		if _, known := c.Skew(); c.UniqueNames() || !known {
			t.Errorf("%s: names are unique: %v; the clock is known: %v", name, c.UniqueNames(), known)
		}
	}
	named := unique(dli)
	named.Name = "named"
	for name, c := range map[string]*upstream.Client{"another endpoint": reload(unique(other)), "another name": reload(named)} {
		if _, known := c.Skew(); !c.UniqueNames() || known {
			t.Errorf("%s: names are unique: %v; the clock is known: %v", name, c.UniqueNames(), known)
		}
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
	if _, known := clientOf(t, r, project).Skew(); known {
		t.Error("the clock of DLI is known before it has answered")
	}
	if err := callCreate(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if skew, known := clientOf(t, r, project).Skew(); skew != 90*time.Second || !known {
		t.Errorf("skew %v, %t", skew, known)
	}
	status, date = http.StatusServiceUnavailable, now.Add(-time.Minute)
	if e := failure(t, callCreate(t.Context(), r)); !e.Date.Equal(date) {
		t.Errorf("date %v, want %v", e.Date, date)
	}
	if skew, _ := clientOf(t, r, project).Skew(); skew != -time.Minute {
		t.Errorf("skew %v", skew)
	}
}

// Close waits for the calls in flight, those on clients given up before too, but not
// for ever.
func TestCloseWaits(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, `{}`)), func(t *testing.T, b *bubble) {
		closed := func(most time.Duration) time.Duration {
			ctx, cancel := context.WithTimeout(t.Context(), most)
			defer cancel()
			start := time.Now()
			b.Router.Close(ctx)
			return time.Since(start)
		}
		var running sync.WaitGroup
		c := &record.Call{}
		ctx := record.NewContext(t.Context(), c)
		running.Go(func() { _ = callGet(ctx, b.Router) })
		synctest.Wait()
		if err := b.Reload(nil); err != nil { // what it gives up is waited for, too
			t.Fatal(err)
		}
		got := []time.Duration{closed(400 * time.Millisecond), closed(time.Minute), closed(time.Minute)}
		if diff := cmp.Diff([]time.Duration{400 * time.Millisecond, 600 * time.Millisecond, 0}, got); diff != "" {
			t.Errorf("Close took (-want +got):\n%s", diff)
		}
		if took, _ := c.Attempts(); took != time.Second {
			t.Errorf("attempts of %v were recorded when Close returned, want 1s", took)
		}
		running.Wait()
	})
}
