package faults

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"
)

// forever is longer than any emulator runs.
const forever time.Duration = math.MaxInt64

// A RuleState is a rule, the number of calls that it matched since the rules were
// set, and of those that went wrong by it.
type RuleState struct {
	Rule  Rule `json:"rule"`
	Seen  int  `json:"seen"`
	Fired int  `json:"fired"`
}

// A Set is the rules of an emulator. With the same seed and sequence of calls the
// same calls go wrong. It is safe for concurrent use.
type Set struct {
	seed uint64
	now  func() time.Time
	late lateCalls

	mu    sync.Mutex
	rules []*activeRule
}

// NewSet makes a Set without rules; seed is for the rules without one, 0: none.
func NewSet(seed uint64, now func() time.Time) *Set { return &Set{seed: seed, now: now} }

// Replace replaces the rules, and all counts begin anew. Calls under way continue as
// planned, and what a fault did to connections stays. An error names the field, as
// in rules[0].fault.delay, and leaves the old rules.
func (s *Set) Replace(rules []Rule) error {
	if err := checkRules(rules); err != nil {
		return fmt.Errorf("setting faults: %w", err)
	}
	active := make([]*activeRule, len(rules))
	for i, r := range rules {
		active[i] = &activeRule{RuleState{Rule: r}, newRuleSource(r.Seed, s.seed, i)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = active
	return nil
}

// Retention is how far lists may look back by the rules; 0: they show the present.
func (s *Set) Retention() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum time.Duration // the rules may combine
	for _, r := range s.rules {
		switch f := r.Rule.Fault; f.Kind {
		case OldList, SnapshotList, SlowList:
			sum += time.Duration(f.Delay)
		}
	}
	return sum
}

// States returns the rules in their order.
func (s *Set) States() []RuleState {
	s.mu.Lock()
	defer s.mu.Unlock()
	states := make([]RuleState, len(s.rules))
	for i, r := range s.rules {
		states[i] = r.RuleState
	}
	return states
}

type activeRule struct {
	RuleState
	random *mathrand.ChaCha8
}

// newRuleSource makes a source of random numbers for one rule, so that its draws do
// not depend on the calls that other rules see.
func newRuleSource(own, shared uint64, place int) *mathrand.ChaCha8 {
	var key [32]byte
	switch {
	case own != 0:
		binary.LittleEndian.PutUint64(key[:], own)
	case shared != 0:
		binary.LittleEndian.PutUint64(key[:], shared)
		copy(key[8:], "faults")
		binary.LittleEndian.PutUint64(key[16:], uint64(place)) //nolint:gosec // an index is not negative
	default:
		_, _ = rand.Read(key[:]) // never fails
	}
	return mathrand.NewChaCha8(key)
}

// A plan is what goes wrong with one call.
type plan struct {
	latency   time.Duration
	commit    bool // the call is executed although its caller left during the latency
	dateShift time.Duration
	effects   Effects
	response  *Fault // nil: the response is the regular one
}

// Effects are faults of the call itself, not of its response. The operation applies
// them.
type Effects struct {
	Stuck    time.Duration // how long peerings stay CREATING beyond their time
	Unlisted time.Duration // how long lists do not show the change
	Untagged time.Duration // how long lists by tags do not show the connection
	Age      time.Duration // a list shows the state of that long ago
	Snapshot time.Duration // a list shows the state of the last multiple; 0: any time
	Late     time.Time     // when the call is executed; zero: at once
	Lifetime time.Duration // of the token; 0: the regular one
}

// AsOf returns the time whose state a list shows at now.
func (x Effects) AsOf(now time.Time) time.Time {
	now = now.Add(-x.Age)
	return now.Truncate(x.Snapshot)
}

// apply adds a fault that has no response of its own.
func (p *plan) apply(f *Fault) (applied bool) {
	delay, x := time.Duration(f.Delay), &p.effects
	switch f.Kind {
	case Latency:
		p.latency += delay
		p.commit = p.commit || f.Commit
	case ShiftedDate:
		p.dateShift += delay
	case StuckCreating:
		if delay == 0 {
			delay = forever
		}
		x.Stuck = max(x.Stuck, delay)
	case SlowList:
		x.Unlisted = max(x.Unlisted, delay)
	case SlowTags:
		x.Untagged = max(x.Untagged, delay)
	case OldList:
		x.Age = max(x.Age, delay)
	case SnapshotList:
		x.Snapshot = max(x.Snapshot, delay)
	case ShortLife:
		x.Lifetime = delay
	default:
		return false
	}
	return true
}

// plan returns what goes wrong with a call; project is called if a rule asks for it.
func (s *Set) plan(operation string, project func() string) plan {
	if s.byProject() {
		id := project() // without s.mu, as the request may be read for it
		project = func() string { return id }
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var p plan
	for _, r := range s.rules {
		if !r.matches(operation, project) || !r.fires() {
			continue
		}
		f := r.Rule.Fault
		if !p.apply(&f) {
			p.response = &f
			break
		}
	}
	return p
}

// byProject reports whether a rule is for one project.
func (s *Set) byProject() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.rules, func(r *activeRule) bool { return r.Rule.Project != "" })
}

func (r *activeRule) matches(operation string, project func() string) bool {
	if r.Rule.Operation != operation && (r.Rule.Operation != AnyOperation || ofIAM(operation)) {
		return false
	}
	if start, ok := strings.CutSuffix(r.Rule.Project, "*"); ok {
		return strings.HasPrefix(project(), start)
	}
	return r.Rule.Project == "" || r.Rule.Project == project()
}

// fires counts a call, and reports whether it goes wrong.
func (r *activeRule) fires() bool {
	r.Seen++
	fires := true
	switch rule := r.Rule; {
	case rule.Nth > 0:
		fires = r.Seen == rule.Nth
	case rule.Every > 0:
		fires = r.Seen%rule.Every == 0
	case rule.Probability > 0:
		// 53 bits fit into a float64: at 1 every call fires. Each call draws, so that
		// Times does not shift the later draws.
		fires = float64(r.random.Uint64()>>11)/(1<<53) < rule.Probability
	}
	if !fires || r.Rule.Times > 0 && r.Fired == r.Rule.Times {
		return false
	}
	r.Fired++
	return true
}
