package faults_test

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// figures makes the measurements long enough for their figures to mean something.
// Without it the guarantees behind them are tested all the same.
var figures = flag.Bool("figures", false, "measure the figures of docs/reliability.md, which takes longer")

// scaled returns the number of repetitions for a test, or for figures.
func scaled(short, long int) int {
	if *figures {
		return long
	}
	return short
}

// A figure is one row of the table.
type figure struct{ what, measured, wanted string }

// TestFigures prints the figures of docs/reliability.md. It fails if a guarantee is
// broken, never because of a duration.
func TestFigures(t *testing.T) {
	t.Parallel()
	rows := slices.Concat(measureOutage(t), measureRecovery(t), measureOverload(t), measureBrownOut(t), measureThroughput(t))
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmeasured\tto reach")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.what, r.measured, r.wanted)
	}
	_ = w.Flush()
	t.Logf("\n%s", text.String())
}

// documented returns an upstream with the defaults of the configuration.
func documented() *configv1.Upstream {
	return &configv1.Upstream{
		Timeout: durationpb.New(30 * time.Second),
		Retry: &configv1.Retry{
			MaxAttempts: 5, BaseDelay: durationpb.New(100 * time.Millisecond), MaxDelay: durationpb.New(5 * time.Second),
			BudgetPercent: proto.Int32(20),
		},
		Protection: &configv1.Protection{
			MaxConcurrency: 200, BreakerFailures: 20, BreakerDelay: durationpb.New(2 * time.Second),
		},
		Idempotency: &configv1.Idempotency{ReconcileTimeout: durationpb.New(10 * time.Second)},
	}
}

// A bench is a stage of one project that has some connections.
type bench struct {
	*stage.Stage
	dli *stage.Project
	ids []string
}

func newBench(t *testing.T, connections int, u *configv1.Upstream) *bench {
	t.Helper()
	const project = "p0"
	b := &bench{Stage: newStage(t, map[string]*emulator.Emulator{project: emulator.New(emulator.Options{Seed: 1})}, map[string]*configv1.Upstream{project: u})}
	b.dli = b.Project(project)
	for i := range connections {
		resp := &connsvcv1.CreateEnhancedConnectionResponse{}
		req := &connsvcv1.CreateEnhancedConnectionRequest{
			ProjectId: project, Name: fmt.Sprintf("c%d", i), DestVpcId: vpc, DestNetworkId: subnet,
		}
		if r := b.GRPC.Call(t.Context(), methodPrefix+create, req, resp); r != nil {
			t.Fatal(r)
		}
		b.ids = append(b.ids, resp.GetConnectionId())
	}
	return b
}

func (b *bench) fail(t *testing.T, rules ...faults.Rule) {
	t.Helper()
	if err := b.dli.Emulator().SetFaults(rules); err != nil {
		t.Fatal(err)
	}
}

func getOf(id string) *connsvcv1.GetEnhancedConnectionRequest {
	return &connsvcv1.GetEnhancedConnectionRequest{ProjectId: "p0", ConnectionId: id}
}

// A sample counts the outcomes of calls and has the duration of each.
type sample struct {
	mu       sync.Mutex
	outcomes map[string]int
	took     []time.Duration
	wrong    []string // outcomes that break the error map
}

// add records an outcome. A temporary error must say when to retry.
func (s *sample) add(r *stage.Failure, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outcomes == nil {
		s.outcomes = make(map[string]int)
	}
	s.outcomes[r.Outcome()]++
	s.took = append(s.took, took)
	if row, known := mapped[r.Outcome()]; !known || r != nil && row.retries != (r.RetryAfter > 0) {
		s.wrong = append(s.wrong, r.Error())
	}
}

// check fails the test if an outcome is not allowed.
func (s *sample) check(t *testing.T, allowed ...string) {
	t.Helper()
	for _, wrong := range s.wrong[:min(len(s.wrong), 5)] {
		t.Errorf("unexpected outcome %s", wrong)
	}
	for outcome, n := range s.outcomes {
		if !slices.Contains(allowed, outcome) {
			t.Errorf("%d calls ended with %s", n, outcome)
		}
	}
}

func (s *sample) percentile(p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

func (s *sample) share(outcome string) string {
	return fmt.Sprintf("%.1f %%", 100*float64(s.outcomes[outcome])/float64(len(s.took)))
}
