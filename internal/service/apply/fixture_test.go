package apply_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/otel/metric/noop"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/service"
	"github.com/connsvc/connsvc/internal/service/create"
	"github.com/connsvc/connsvc/internal/service/waiting"
	"github.com/connsvc/connsvc/internal/upstream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	projectID = "48cc2c48765f481480c7db940d6409d1"
	networkID = "fd0a4a6c-8ba3-4a4c-a9ac-ed3e3cdd2e6b"
	vpcID     = "22094d8f-c310-4621-913d-4c4d655d8495"
	otherVPC  = "9f5c8f4e-51c4-4b0a-9a3e-2c7f6b1d0e11"
)

// A stage is a service over an emulator, whose calls it records.
type stage struct {
	*service.Service

	emulator *emulator.Emulator
	forget   func() // goes on with another replica, which remembers nothing

	mu     sync.Mutex
	calls  []string
	before func(call string) // it is asked before each call
}

// start starts a stage. Reads are retried twice.
func start(tb testing.TB, o emulator.Options) *stage {
	tb.Helper()
	const token = "token-of-the-test"
	o.Tokens = []string{token}
	s := &stage{emulator: emulator.New(o)}
	server := httptest.NewServer(s)
	tb.Cleanup(server.Close)
	s.forget = func() { s.Service = replica(tb, server.URL, token) }
	s.forget()
	return s
}

// replica makes a service, with a memory of its own.
func replica(tb testing.TB, url, token string) *service.Service {
	tb.Helper()
	router, err := upstream.New([]*configv1.Upstream{{
		Endpoint: url, Projects: []string{projectID}, Timeout: durationpb.New(10 * time.Second),
		Credentials: &configv1.Upstream_Token{Token: &configv1.Secret{}},
		Retry:       &configv1.Retry{MaxAttempts: 2, BaseDelay: durationpb.New(time.Millisecond), MaxDelay: durationpb.New(time.Millisecond), BudgetPercent: proto.Int32(100)},
		Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(time.Second), ListLag: durationpb.New(100 * time.Millisecond)},
	}}, upstream.Options{MaxResponseBytes: 4 << 20, Secret: func(*configv1.Secret) (string, error) { return token, nil }})
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
	return service.New(router, creates, waits)
}

func (s *stage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := callOf(r)
	s.mu.Lock()
	s.calls = append(s.calls, name)
	before := s.before
	s.mu.Unlock()
	if before != nil {
		before(name)
	}
	s.emulator.ServeHTTP(w, r)
}

// callOf names a call of DLI.
func callOf(r *http.Request) string {
	last := r.URL.Path[strings.LastIndexByte(r.URL.Path, '/')+1:]
	names := map[string]string{
		"GET enhanced-connections": "list", "POST enhanced-connections": "create", "GET privileges": "privileges", "PUT authorization": "authorize",
		"POST associate-queue": "bind", "POST disassociate-queue": "unbind", "POST routes": "add route",
	}
	switch name := names[r.Method+" "+last]; {
	case name != "":
		return name
	case strings.Contains(r.URL.Path, "/routes/"):
		return "delete route"
	}
	return map[string]string{"GET": "get", "PUT": "hosts", "DELETE": "delete"}[r.Method]
}

// took returns the calls since the last time it was asked.
func (s *stage) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	calls := s.calls
	s.calls = nil
	return calls
}

// holdHosts holds the first overwriting of hosts: it sends when that is there, and receives
// when it may go on.
func (s *stage) holdHosts() chan struct{} {
	held := make(chan struct{})
	var once sync.Once
	s.before = func(call string) {
		if call == "hosts" {
			once.Do(func() {
				held <- struct{}{}
				<-held
			})
		}
	}
	return held
}

// seen returns the calls since took was called.
func (s *stage) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

func (s *stage) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	if got := s.took(); !slices.Equal(got, want) {
		t.Errorf("calls %q, want %q", got, want)
	}
}

func (s *stage) fault(t *testing.T, rules ...faults.Rule) {
	t.Helper()
	if err := s.emulator.SetFaults(rules); err != nil {
		t.Fatal(err)
	}
}

// on makes the first call of an operation go wrong.
func on(operation string, f faults.Fault) faults.Rule {
	return faults.Rule{Operation: operation, Nth: 1, Fault: f}
}

// all makes all calls of an operation go wrong.
func all(operation string, f faults.Fault) faults.Rule {
	return faults.Rule{Operation: operation, Fault: f}
}

func hosts(names ...string) []*connsvcv1.Host {
	var all []*connsvcv1.Host
	for _, name := range names {
		all = append(all, &connsvcv1.Host{Name: name, Ip: "192.168.0.1"})
	}
	return all
}

func spec(change ...func(*connsvcv1.EnhancedConnectionSpec)) *connsvcv1.EnhancedConnectionSpec {
	s := &connsvcv1.EnhancedConnectionSpec{
		Name: "c1", DestVpcId: vpcID, DestNetworkId: networkID, Queues: []string{"q1"}, ElasticResourcePools: []string{"p1"},
		Hosts: hosts("a", "b"), Routes: []*connsvcv1.RouteSpec{{Name: "r1", Cidr: "10.1.0.0/16"}},
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func (s *stage) apply(t *testing.T, spec *connsvcv1.EnhancedConnectionSpec, change ...func(*connsvcv1.ApplyEnhancedConnectionRequest)) (*connsvcv1.ApplyEnhancedConnectionResponse, error) {
	t.Helper()
	req := &connsvcv1.ApplyEnhancedConnectionRequest{ProjectId: projectID, Connection: spec}
	for _, f := range change {
		f(req)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return s.ApplyEnhancedConnection(ctx, req)
}

func (s *stage) mustApply(t *testing.T, spec *connsvcv1.EnhancedConnectionSpec, change ...func(*connsvcv1.ApplyEnhancedConnectionRequest)) *connsvcv1.ApplyEnhancedConnectionResponse {
	t.Helper()
	resp, err := s.apply(t, spec, change...)
	if err != nil {
		t.Fatalf("%v\nreport: %v", err, apierror.From(err).Report)
	}
	return resp
}

func validateOnly(r *connsvcv1.ApplyEnhancedConnectionRequest) { r.ValidateOnly = true }
func allowReplace(r *connsvcv1.ApplyEnhancedConnectionRequest) { r.AllowReplace = true }

// steps are the steps that were needed, as "BIND DONE q1,p1".
func steps(all []*connsvcv1.ApplyStep) []string {
	var texts []string
	for _, s := range all {
		if s.GetState() != connsvcv1.ApplyStep_NOT_NEEDED {
			texts = append(texts, strings.TrimSpace(s.GetAction().String()+" "+s.GetState().String()+" "+strings.Join(s.GetNames(), ",")))
		}
	}
	return texts
}

func wantSteps(t *testing.T, all []*connsvcv1.ApplyStep, want ...string) {
	t.Helper()
	if len(all) != 10 {
		t.Errorf("%d steps, want all 10", len(all))
	}
	if got := steps(all); !slices.Equal(got, want) {
		t.Errorf("steps %q, want %q", got, want)
	}
}

// wantFailure checks the reason of an error and the steps in its report.
func wantFailure(t *testing.T, err error, reason connsvcv1.ErrorReason, want ...string) *apierror.Error {
	t.Helper()
	e := apierror.From(err)
	if e == nil || e.Reason != reason {
		t.Fatalf("got %v, want %v", err, reason)
	}
	report, _ := e.Report.(*connsvcv1.ApplyReport)
	if len(want) > 0 {
		wantSteps(t, report.GetSteps(), want...)
	} else if report != nil {
		t.Errorf("a report of an apply that has not begun: %v", report)
	}
	return e
}

// only returns the one connection that DLI has.
func (s *stage) only(t *testing.T) *connsvcv1.EnhancedConnection {
	t.Helper()
	var ids []string
	for _, c := range s.emulator.Connections(projectID) {
		if c.Status == "ACTIVE" {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) != 1 {
		t.Fatalf("%d connections, want 1", len(ids))
	}
	conn, err := s.GetEnhancedConnection(context.Background(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: projectID, ConnectionId: ids[0]})
	if err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	s.calls = s.calls[:len(s.calls)-1]
	s.mu.Unlock()
	return conn
}

func wantReason(t *testing.T, err error, want connsvcv1.ErrorReason) *apierror.Error {
	t.Helper()
	e := apierror.From(err)
	if e == nil || e.Reason != want {
		t.Fatalf("got %v, want %v", err, want)
	}
	return e
}
