package faults_test

import (
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/test/stage"
)

// A listCase is a create whose lists fail: connsvc looks for a request_id before it
// posts, for what a POST without an answer made, and for the connection of another
// replica after it posted.
type listCase struct {
	matrixCase        // the fault is that of the lists
	when       string // in which of the three they fail
	lost       bool   // the answer of the POST is lost
	every      int    // only these lists fail; 0: all
	told       string
	creates    int64 // how many are posted
}

func listCases() []listCase {
	var cases []listCase
	plain, tagged := createOperations()[0], createOperations()[1]
	for i, f := range allFaults() {
		if f.only != nil || f.reason == ok {
			continue
		}
		cell := func(op operation) matrixCase { return matrixCase{op, f, true, doors[i%len(doors)]} }
		cases = append(cases,
			listCase{matrixCase: cell(tagged), when: "before", told: f.reason},
			listCase{matrixCase: cell(plain), when: "without an answer", lost: true, told: unknown, creates: 1},
			listCase{matrixCase: cell(tagged), when: "without an answer", lost: true, told: unknown, creates: 1},
			listCase{matrixCase: cell(tagged), when: "after", told: ok, creates: 1},
		)
	}
	// What the name shows is there, but whether it bears the request_id is never told.
	half := fault{name: "every other is invalid JSON", kind: of(faults.InvalidJSON), reason: faulty}
	return append(cases, listCase{
		matrixCase: matrixCase{tagged, half, true, doors[0]}, when: "without an answer", lost: true, every: 2, told: unknown, creates: 1,
	})
}

// TestCreateWhileListsFail holds creates against lists that fail in each of their
// places. The POST is made once or not at all, and a repeat tells which.
func TestCreateWhileListsFail(t *testing.T) {
	t.Parallel()
	cases := listCases()
	emulators := make(map[string]*emulator.Emulator, len(cases))
	upstreams := make(map[string]*configv1.Upstream, len(cases))
	for i, c := range cases {
		emulators[projectOf(i)] = emulator.New(emulator.Options{})
		c.fault.fate = undone // lists do nothing: who looks, looks in vain
		upstreams[projectOf(i)] = c.upstream()
	}
	s := raise(t, emulators, upstreams)
	t.Run("cells", func(t *testing.T) {
		for i, c := range cases {
			t.Run(c.op.title+"/"+c.when+"/"+c.fault.name, func(t *testing.T) {
				t.Parallel()
				c.play(t, s, projectOf(i))
			})
		}
	})
	strike(t, s)
}

func (c *listCase) play(t *testing.T, s *stage.Stage, project string) {
	p := s.Project(project)
	a := &act{matrixCase: &c.matrixCase, scene: set(t, p.Emulator(), project), project: p, door: c.door(s)}
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
	resp, refusal := a.call(t)
	if told := refusal.Told(); told != c.told && !c.tooLarge(told) {
		t.Errorf("told %s, want %s: %v", told, c.told, refusal)
	}
	if made, is := resp.(*connsvcv1.CreateEnhancedConnectionResponse); is && refusal == nil && made.GetWarning() == "" {
		t.Error("no warning that nobody could look for another connection of the request_id")
	}
	if got := p.Creates(); got != c.creates {
		t.Errorf("%d creates were posted, want %d", got, c.creates)
	}
	if err := p.Emulator().SetFaults(nil); err != nil {
		t.Fatal(err)
	}
	a.repeat(t, resp, refusal)
}

// tooLarge reports whether a list that has no end was told to be too large.
func (c *listCase) tooLarge(told string) bool {
	return c.when == "before" && told != ok && len(c.fault.instead["ListEnhancedConnections"]) > 0
}
