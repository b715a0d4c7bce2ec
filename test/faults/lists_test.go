package faults_test

import (
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// A listCase is a create whose lists fail. connsvc lists before the POST to find the
// request_id, after a POST without a response to find what it made, and after a
// successful POST to find a duplicate of another replica.
type listCase struct {
	matrixCase        // whose fault is that of the lists
	when       string // before, without a response, after
	lost       bool   // the response of the POST is lost
	every      int    // only these lists fail; 0: all
	outcome    string
	creates    int64 // POSTs that DLI must get
}

func listCases() []listCase {
	var cases []listCase
	plain, tagged := createOperations()[0], createOperations()[1]
	for i, f := range allFaults() {
		if f.only != nil || f.reason == ok {
			continue
		}
		cell := func(op operation) matrixCase {
			return matrixCase{op: op, fault: f, always: true, client: clients[i%len(clients)]}
		}
		cases = append(cases,
			listCase{matrixCase: cell(tagged), when: "before", outcome: f.reason},
			listCase{matrixCase: cell(plain), when: "without a response", lost: true, outcome: unknown, creates: 1},
			listCase{matrixCase: cell(tagged), when: "without a response", lost: true, outcome: unknown, creates: 1},
			listCase{matrixCase: cell(tagged), when: "after", outcome: ok, creates: 1},
		)
	}
	// The lists that fail and those that work take turns, so what was made is found.
	half := fault{name: "every other is invalid JSON", kind: of(faults.InvalidJSON), reason: faulty}
	return append(cases, listCase{
		matrixCase: matrixCase{op: tagged, fault: half, always: true, client: clients[0]}, when: "without a response", lost: true, every: 2, outcome: ok, creates: 1,
	})
}

// TestCreateWhileListsFail lets the lists of creates fail at each of these points. The
// POST is sent at most once, and a retry finds out whether it was executed.
func TestCreateWhileListsFail(t *testing.T) {
	t.Parallel()
	cases := listCases()
	emulators := make(map[string]*emulator.Emulator, len(cases))
	upstreams := make(map[string]*configv1.Upstream, len(cases))
	for i, c := range cases {
		emulators[projectOf(i)] = emulator.New(emulator.Options{})
		c.fault.effect = notExecuted // lists execute nothing: they find nothing
		upstreams[projectOf(i)] = c.upstream()
	}
	s := newStage(t, emulators, upstreams)
	t.Run("cells", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.op.title+"/"+c.when+"/"+c.fault.name, func(t *testing.T) {
				t.Parallel()
				c.run(t, s, projectOf(i))
			})
		}
	})
	closeStage(t, s)
}

func (c *listCase) run(t *testing.T, s *stage.Stage, project string) {
	p := s.Project(project)
	try := &trial{matrixCase: &c.matrixCase, fixture: newFixture(t, p.Emulator(), project), project: p, client: c.client(s)}
	fail := func() {
		rules := c.fault.rules("ListEnhancedConnections", 0)
		rules[len(rules)-1].Every = c.every
		if c.lost {
			rules = append(rules, faults.Rule{Operation: create, Fault: *of(faults.DropAnswer)})
		}
		if err := p.Emulator().SetFaults(rules); err != nil {
			t.Error(err)
		}
	}
	if c.when == "before" {
		fail()
	} else {
		p.OnCreate(fail)
	}
	resp, failure := try.call(t)
	if outcome := failure.Outcome(); outcome != c.outcome && !c.tooLarge(outcome) {
		t.Errorf("outcome %s, want %s: %v", outcome, c.outcome, failure)
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is && failure == nil && c.every == 0 && made.GetWarning() == "" {
		t.Error("no warning that the check for a duplicate failed")
	}
	if got := p.Creates(); got != c.creates {
		t.Errorf("%d creates were posted, want %d", got, c.creates)
	}
	if err := p.Emulator().SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	try.retry(t, resp, failure)
}

// tooLarge reports whether the outcome is that of an endless list.
func (c *listCase) tooLarge(outcome string) bool {
	return c.when == "before" && outcome != ok && len(c.fault.instead["ListEnhancedConnections"]) > 0
}
