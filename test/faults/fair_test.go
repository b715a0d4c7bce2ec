package faults_test

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/test/stage"
)

// The callers of a scene: one who does harm, and one who must not notice.
const greedy, modest = "greedy", "modest"

// A fairStage is a stage whose upstream serves every project, with a connection in p0.
type fairStage struct {
	*stage.Stage
	id      string
	harmful atomic.Int64 // requests that harm has answered
}

// newFairStage starts connsvc before a DLI that responds unless harm has done so.
func newFairStage(t *testing.T, u *configv1.Upstream, limits *configv1.Limits, harm func(w http.ResponseWriter, r *http.Request) bool) *fairStage {
	t.Helper()
	s := &fairStage{}
	healthy := emulator.New(emulator.Options{})
	dli := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.id != "" && harm(w, r) {
			s.harmful.Add(1)
			return
		}
		healthy.ServeHTTP(w, r)
	}))
	t.Cleanup(dli.Close)
	u.Name, u.Endpoint = "dli", dli.URL
	u.Credentials = &configv1.Upstream_Token{Token: &configv1.Secret{Source: &configv1.Secret_Env{Env: "TOKEN"}}}
	cfg := config.Default(u)
	proto.Merge(cfg.GetLimits(), limits)
	stage.Allow(cfg, greedy, modest, "a", "b", "c", "d")
	var err error
	if s.Stage, err = stage.Serve(cfg, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeStage(t, s.Stage) })
	made := &connsvcv1.CreateEnhancedConnectionResponse{}
	req := &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: "p0", Name: "first", DestVpcId: vpc, DestNetworkId: subnet}
	if r := s.GRPC.Call(stage.As(t.Context(), modest), methodPrefix+create, req, made); r != nil {
		t.Fatal(r)
	}
	s.id = made.GetConnectionId()
	return s
}

// badID returns one of many connections that are not there.
func badID(i int) string { return fmt.Sprintf("bad00000-0000-4000-8000-%012d", i) }

// get reads a connection as a caller.
func (s *fairStage) get(ctx context.Context, client stage.Client, caller, project, id string) *stage.Failure {
	req := &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id}
	return client.Call(stage.As(ctx, caller), methodPrefix+"GetEnhancedConnection", req, &connsvcv1.EnhancedConnection{})
}

func (s *fairStage) create(ctx context.Context, client stage.Client, caller, project, name string) *stage.Failure {
	req := &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: project, Name: name, DestVpcId: vpc, DestNetworkId: subnet}
	return client.Call(stage.As(ctx, caller), methodPrefix+create, req, &connsvcv1.CreateEnhancedConnectionResponse{})
}

// TestNoCallerStopsAnother plays what one caller, project or method can do to the others:
// all calls of the others succeed, and the harm is rejected before it reaches DLI.
func TestNoCallerStopsAnother(t *testing.T) {
	t.Parallel()
	answers503 := func(w http.ResponseWriter) bool { w.WriteHeader(http.StatusServiceUnavailable); return true }
	hangs := func(r *http.Request) bool { <-r.Context().Done(); return true }
	for _, tt := range []struct {
		name      string
		attackers int // 0: 24
		limits    *configv1.Limits
		harm      func(w http.ResponseWriter, r *http.Request) bool
		attack    func(ctx context.Context, s *fairStage, client stage.Client, i int) *stage.Failure
	}{
		{
			name: "a project that is down",
			harm: func(w http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/down/") && answers503(w)
			},
			attack: func(ctx context.Context, s *fairStage, client stage.Client, i int) *stage.Failure {
				return s.get(ctx, client, []string{"a", "b", "c", "d", modest}[i%5], "down", badID(i))
			},
		},
		{
			name: "calls of one caller that always fail",
			harm: func(w http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/bad") && answers503(w)
			},
			attack: func(ctx context.Context, s *fairStage, client stage.Client, i int) *stage.Failure {
				return s.get(ctx, client, greedy, "p0", badID(i))
			},
		},
		{
			name:   "a project that hangs, within a quota",
			limits: &configv1.Limits{PerCaller: &configv1.CallerLimits{MaxCalls: 12}},
			harm: func(_ http.ResponseWriter, r *http.Request) bool {
				return strings.Contains(r.URL.Path, "/hangs/") && hangs(r)
			},
			attack: func(ctx context.Context, s *fairStage, client stage.Client, i int) *stage.Failure {
				return s.get(ctx, client, greedy, "hangs", badID(i))
			},
		},
		{
			name: "lists that hang, before creates of the same caller",
			harm: func(_ http.ResponseWriter, r *http.Request) bool {
				return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/enhanced-connections") &&
					r.URL.Query().Get("name") == "" && hangs(r)
			},
			attackers: 12,
			attack: func(ctx context.Context, _ *fairStage, client stage.Client, i int) *stage.Failure {
				req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: "p0", Offset: int32(i % 1000)}
				return client.Call(stage.As(ctx, modest), methodPrefix+"ListEnhancedConnections", req, &connsvcv1.ListEnhancedConnectionsResponse{})
			},
		},
		{
			name: "more calls than DLI takes, of endless projects",
			attack: func(ctx context.Context, s *fairStage, client stage.Client, i int) *stage.Failure {
				return s.get(ctx, client, greedy, fmt.Sprint("endless", i), badID(i))
			},
			harm: func(http.ResponseWriter, *http.Request) bool { time.Sleep(20 * time.Millisecond); return false },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := documented()
			u.Timeout, u.Protection.MaxConcurrency = durationpb.New(time.Second), 16
			u.Protection.BreakerDelay = durationpb.New(time.Minute)
			s := newFairStage(t, u, tt.limits, tt.harm)
			ctx, stop := context.WithCancel(t.Context())
			var attacking sync.WaitGroup
			var attacks, rejected atomic.Int64
			attackers := cmp.Or(tt.attackers, 24)
			for i := range attackers {
				attacking.Go(func() {
					for n := i; ctx.Err() == nil; n += attackers {
						attacks.Add(1)
						switch r := tt.attack(ctx, s, clients[n%2](s.Stage), n); r.Outcome() {
						case unavailable, "OVERLOADED", "CALLER_QUOTA":
							rejected.Add(1)
							time.Sleep(30 * time.Millisecond)
						}
					}
				})
			}
			for i := range 50 {
				for _, client := range s.Clients() {
					if r := s.get(t.Context(), client, modest, "p0", s.id); r != nil {
						t.Errorf("get %d over %s: %v", i, client.Name(), r)
					}
					if r := s.create(t.Context(), client, modest, "p0", fmt.Sprint(client.Name(), i)); r != nil {
						t.Errorf("create %d over %s: %v", i, client.Name(), r)
					}
				}
				time.Sleep(50 * time.Millisecond)
			}
			stop()
			attacking.Wait()
			if rejected.Load() == 0 || s.harmful.Load() >= attacks.Load()/2 {
				t.Errorf("%d of %d attacks were rejected, %d reached DLI", rejected.Load(), attacks.Load(), s.harmful.Load())
			}
			t.Logf("%d of %d attacks were rejected, %d reached DLI", rejected.Load(), attacks.Load(), s.harmful.Load())
		})
	}
}
