package iam_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/test/stage"
)

const getMethod = "/connsvc.v1.ConnectionService/ListEnhancedConnections"

// A cloud is a DLI with its IAM.
type cloud struct {
	*emulator.Emulator
	url string

	mu    sync.Mutex
	asked []time.Time // when IAM was
	wrap  func(http.Handler) http.Handler
}

func newCloud(t testing.TB) *cloud {
	t.Helper()
	c := &cloud{Emulator: emulator.New(emulator.Options{Identities: iam.Identities{
		Users:  []iam.User{{Domain: "d", Name: "u", Password: "stage"}},
		Tokens: []string{"stage"},
	}})}
	handler := c.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		if r.URL.Path == iam.TokensPath {
			c.asked = append(c.asked, time.Now())
		}
		wrap := c.wrap
		c.mu.Unlock()
		if wrap != nil {
			wrap(handler).ServeHTTP(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

// fail replaces what goes wrong.
func (c *cloud) fail(t testing.TB, rules ...faults.Rule) {
	t.Helper()
	if err := c.SetFaults(rules); err != nil {
		t.Fatal(err)
	}
}

// at wraps a handler around the cloud.
func (c *cloud) at(wrap func(http.Handler) http.Handler) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrap = wrap
}

// window is the time in which requests to IAM are counted: long enough that a busy machine,
// which bunches them, makes no difference.
const window = 5 * time.Second

// requests returns how often IAM was asked, and the most in any window.
func (c *cloud) requests() (all, busiest int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, from := range c.asked {
		n := 0
		for i+n < len(c.asked) && c.asked[i+n].Sub(from) < window {
			n++
		}
		busiest = max(busiest, n)
	}
	return len(c.asked), busiest
}

// atMostTen checks that IAM was asked at most ten times a second.
func (c *cloud) atMostTen(t *testing.T) {
	t.Helper()
	all, busiest := c.requests()
	t.Logf("%d requests to IAM, at most %.1f a second", all, float64(busiest)/window.Seconds())
	if busiest > 10*int(window/time.Second) {
		t.Errorf("%d requests to IAM within %v", busiest, window)
	}
}

// upstream returns the configuration of an upstream with a password.
func (c *cloud) upstream(name string, projects ...string) *configv1.Upstream {
	return &configv1.Upstream{
		Name: name, Endpoint: c.url, Projects: projects, AllowPlaintext: true,
		Credentials: &configv1.Upstream_IamPassword{IamPassword: &configv1.IAMPassword{
			Endpoint: c.url, DomainName: "d", UserName: "u",
			Password: &configv1.Secret{Source: &configv1.Secret_Env{Env: "PASSWORD"}},
		}},
	}
}

// serve runs connsvc before the upstreams until the test ends.
func serve(t testing.TB, upstreams ...*configv1.Upstream) *stage.Stage {
	t.Helper()
	s, err := stage.Serve(config.Default(upstreams...), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// call reads the connections of a project.
func call(ctx context.Context, client stage.Client, project string) *stage.Failure {
	req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}
	return client.Call(ctx, getMethod, req, &connsvcv1.ListEnhancedConnectionsResponse{})
}

// A tally counts outcomes and keeps the durations of the calls.
type tally struct {
	mu       sync.Mutex
	outcomes map[string]int
	took     []time.Duration
	first    *stage.Failure // the first failure
}

func (y *tally) call(t testing.TB, client stage.Client, project string) {
	began := time.Now()
	failure := call(t.Context(), client, project)
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.outcomes == nil {
		y.outcomes = make(map[string]int)
	}
	y.outcomes[failure.Outcome()]++
	y.took = append(y.took, time.Since(began))
	if failure != nil && y.first == nil {
		y.first = failure
	}
}

// every calls a project in intervals.
func (y *tally) every(t testing.TB, client stage.Client, project string, interval time.Duration, calls int) {
	for range calls {
		y.call(t, client, project)
		time.Sleep(interval)
	}
}

func (y *tally) String() string {
	y.mu.Lock()
	defer y.mu.Unlock()
	var parts []string
	for _, outcome := range slices.Sorted(maps.Keys(y.outcomes)) {
		parts = append(parts, fmt.Sprintf("%d %s", y.outcomes[outcome], outcome))
	}
	return strings.Join(parts, ", ")
}

func (y *tally) percentile(p float64) time.Duration {
	y.mu.Lock()
	defer y.mu.Unlock()
	all := slices.Sorted(slices.Values(y.took))
	if len(all) == 0 {
		return 0
	}
	return all[min(len(all)-1, int(p*float64(len(all))))]
}

// onlyOK checks that the healthy project saw no failure, and prints what it saw.
func onlyOK(t *testing.T, healthy *tally) {
	t.Helper()
	t.Logf("the healthy project saw: %v", healthy)
	if healthy.first != nil {
		t.Errorf("the healthy project saw %v", healthy.first)
	}
}

// only checks that all calls of a tally had one outcome.
func only(t *testing.T, y *tally, want string) {
	t.Helper()
	if len(y.outcomes) != 1 || y.outcomes[want] == 0 {
		t.Errorf("the others saw %v, want %s alone; first %v", y, want, y.first)
	}
}

func rule(operation, project string, f faults.Fault) faults.Rule {
	return faults.Rule{Operation: operation, Project: project, Fault: f}
}

func status(code int) faults.Fault { return faults.Fault{Kind: faults.Status, Status: code} }

func lasting(kind faults.Kind, d time.Duration) faults.Fault {
	return faults.Fault{Kind: kind, Delay: faults.Duration(d)}
}
