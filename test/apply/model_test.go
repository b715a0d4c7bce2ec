package apply_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

const modelProject = "model"

// TestModel applies random specs, one after the other, to a DLI with random faults. Each is
// repeated until it succeeds, and then DLI has what is wanted, and a further apply changes
// nothing.
func TestModel(t *testing.T) {
	s := newStage(t, map[string]*emulator.Emulator{modelProject: emulator.New(emulator.Options{})})
	m := &model{stage: s, project: s.Project(modelProject)}
	m.project.Wrap(m.watch)
	rapid.Check(t, m.run)
	closeStage(t, s)
}

type model struct {
	stage   *stage.Stage
	project *stage.Project

	mu   sync.Mutex
	kept []string // what must be there all the time
	lost []string
}

// watch looks, after each call of DLI, for what must be there.
func (m *model) watch(dli http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			now := elements(panics{}, m.project, modelProject)
			for _, e := range m.kept {
				if !slices.Contains(now, e) {
					m.lost = append(m.lost, fmt.Sprintf("after %s %s, %s is missing", r.Method, r.URL.Path, e))
				}
			}
		}()
		dli.ServeHTTP(w, r)
	})
}

type panics struct{}

func (panics) Errorf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (panics) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// keep sets what must be there from now on, and returns what was lost before.
func (m *model) keep(kept []string) (lost []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	lost, m.lost, m.kept = m.lost, nil, kept
	return lost
}

func (m *model) run(t *rapid.T) {
	m.keep(nil)
	m.project.Replace(emulator.New(emulator.Options{Quirks: emulator.Quirks{
		RebindFails:        rapid.Bool().Draw(t, "rebind fails"),
		UnbindUnboundFails: rapid.Bool().Draw(t, "unbind fails"),
		NewestFirst:        rapid.Bool().Draw(t, "newest first"),
	}}))
	for range rapid.IntRange(1, 4).Draw(t, "applies") {
		wanted := drawSpec(t)
		before := elements(t, m.project, modelProject)
		if err := m.project.Emulator().SetFaults(drawFaults(t)); err != nil {
			t.Fatal(err)
		}
		m.keep(keptBy(before, wanted))
		client := m.stage.Clients()[rapid.IntRange(0, 1).Draw(t, "client")]
		m.converge(t, client, wanted)
		m.project.Wait()
		if err := m.project.Emulator().SetFaults(nil); err != nil {
			t.Fatal(err)
		}
		if lost := m.keep(nil); lost != nil {
			t.Fatalf("%q", lost)
		}
		if got, want := elements(t, m.project, modelProject), wantedElements(wanted); !slices.Equal(got, want) {
			t.Fatalf("DLI has %q, wanted %q", got, want)
		}
		if resp, failure := apply(client, modelProject, wanted); failure != nil || resp.GetChanged() {
			t.Fatalf("it is not as it is wanted: %v, %v", resp, failure)
		}
	}
}

// converge repeats an apply until it succeeds. The faults end after a few calls.
func (m *model) converge(t *rapid.T, client stage.Client, wanted *spec) {
	for range 30 {
		_, failure := apply(client, modelProject, wanted)
		if failure == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("it does not converge")
}

// keptBy are the elements that a change to a spec must leave all the time: but for a
// replacement, those that are there and wanted.
func keptBy(before []string, wanted *spec) []string {
	after := wantedElements(wanted)
	if !slices.Contains(before, "vpc "+wanted.GetDestVpcId()) {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(before), func(e string) bool { return !slices.Contains(after, e) })
}

func some(t *rapid.T, label string, from ...string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(from), 0, len(from), rapid.ID[string]).Draw(t, label)
}

// drawSpec draws a spec that names all lists, so that the end does not depend on what was.
func drawSpec(t *rapid.T) *spec {
	s := &spec{
		Name: "c1", DestVpcId: rapid.SampledFrom([]string{vpcID, vpcID, vpcID, otherVPC}).Draw(t, "vpc"), DestNetworkId: networkID,
		Queues: some(t, "queues", "q1", "q2", "q3"), ElasticResourcePools: some(t, "pools", "p1", "p2"), Hosts: hosts(some(t, "hosts", "a", "b", "c")...),
		GrantedProjectIds: some(t, "grants", "g1", "g2"),
		AllowEmpty:        []string{"queues", "elastic_resource_pools", "hosts", "routes", "granted_project_ids"},
	}
	cidrs := rapid.Permutation([]string{"10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"}).Draw(t, "cidrs")
	for i, name := range some(t, "routes", "r1", "r2", "r3") {
		s.Routes = append(s.Routes, &connsvcv1.RouteSpec{Name: name, Cidr: cidrs[i]})
	}
	return s
}

// drawFaults draws faults, each of which is met a few times.
func drawFaults(t *rapid.T) []faults.Rule {
	operations := []string{
		"*", "CreateEnhancedConnection", "ListEnhancedConnections", "GetEnhancedConnection", "DeleteEnhancedConnection", "UpdateEnhancedConnectionHosts",
		"AssociateQueues", "DisassociateQueues", "CreateRoute", "DeleteRoute", "ListPrivileges", "UpdatePrivileges",
	}
	kinds := []faults.Fault{
		{Kind: faults.ResetBefore},
		{Kind: faults.ResetAfter},
		{Kind: faults.DropAnswer},
		{Kind: faults.TruncatedBody},
		{Kind: faults.Status, Status: 500},
		{Kind: faults.Status, Status: 500, Commit: true},
		{Kind: faults.Status, Status: 503},
		{Kind: faults.Status, Status: 429},
		{Kind: faults.InvalidJSON, Commit: true},
		{Kind: faults.Unsuccessful},
	}
	var rules []faults.Rule
	for range rapid.IntRange(0, 3).Draw(t, "faults") {
		rules = append(rules, faults.Rule{
			Operation: rapid.SampledFrom(operations).Draw(t, "operation"), Times: rapid.IntRange(1, 4).Draw(t, "times"),
			Every: rapid.IntRange(1, 3).Draw(t, "every"), Fault: rapid.SampledFrom(kinds).Draw(t, "fault"),
		})
	}
	return rules
}
