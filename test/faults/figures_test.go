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

// figures says whether figures are taken for long enough to be worth printing. Without
// it the promises in them are tried all the same.
var figures = flag.Bool("figures", false, "take the figures of docs/reliability.md, for long enough to mean something")

// much returns how often something is done.
func much(short, long int) int {
	if *figures {
		return long
	}
	return short
}

// A figure is one row of the table.
type figure struct{ what, measured, wanted string }

// TestFigures prints the figures that docs/reliability.md gives. It fails where a
// promise is broken, and never for a time.
func TestFigures(t *testing.T) {
	t.Parallel()
	rows := slices.Concat(takeDown(t), takeRecovery(t), takeOverload(t), takeBrownOut(t))
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmeasured\tto reach")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%s\n", r.what, r.measured, r.wanted)
	}
	_ = w.Flush()
	t.Logf("\n%s", text.String())
}

// documented is an upstream with the defaults of the configuration.
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

// A bench is a stage of one project, which has some connections.
type bench struct {
	*stage.Stage
	dli *stage.Project
	ids []string
}

func newBench(t *testing.T, connections int, u *configv1.Upstream) *bench {
	t.Helper()
	const project = "p0"
	b := &bench{Stage: raise(t, map[string]*emulator.Emulator{project: emulator.New(emulator.Options{Seed: 1})}, map[string]*configv1.Upstream{project: u})}
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

// A sample is what callers were told, and how long each call took.
type sample struct {
	mu    sync.Mutex
	told  map[string]int
	took  []time.Duration
	wrong []string // answers that may not be
}

// add notes an answer. Of what is refused for now, an answer must say when it may be
// asked for again.
func (s *sample) add(r *stage.Refusal, took time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.told == nil {
		s.told = make(map[string]int)
	}
	s.told[r.Told()]++
	s.took = append(s.took, took)
	if row, known := mapped[r.Told()]; !known || r != nil && row.retries != (r.RetryAfter > 0) {
		s.wrong = append(s.wrong, r.Error())
	}
}

// check fails the test where an answer was one that may not be.
func (s *sample) check(t *testing.T, allowed ...string) {
	t.Helper()
	for _, wrong := range s.wrong[:min(len(s.wrong), 5)] {
		t.Errorf("told %s", wrong)
	}
	for told, n := range s.told {
		if !slices.Contains(allowed, told) {
			t.Errorf("%d times told %s", n, told)
		}
	}
}

func (s *sample) percentile(p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(s.took))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

func (s *sample) share(told string) string {
	return fmt.Sprintf("%.1f %%", 100*float64(s.told[told])/float64(len(s.took)))
}
