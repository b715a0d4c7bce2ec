package emulator

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"sync"
	"time"
)

// forever is longer than any emulator runs.
const forever time.Duration = math.MaxInt64

// A RuleState is a rule, and how often it has been asked and has fired since the
// rules were set.
type RuleState struct {
	Rule  Rule `json:"rule"`
	Seen  int  `json:"seen"`
	Fired int  `json:"fired"`
}

// SetFaults replaces the rules; calls under way go on as they were planned, and
// what a fault did to connections stays. All counts begin anew. An error names the
// field, as in rules[0].fault.delay, and leaves the old rules.
func (e *Emulator) SetFaults(rules []Rule) error {
	if err := checkRules(rules); err != nil {
		return fmt.Errorf("setting faults: %w", err)
	}
	e.faults.set(rules, e.options.Seed)
	return nil
}

// Faults returns the rules in their order.
func (e *Emulator) Faults() []RuleState {
	e.faults.mu.Lock()
	defer e.faults.mu.Unlock()
	states := make([]RuleState, len(e.faults.rules))
	for i, r := range e.faults.rules {
		states[i] = r.RuleState
	}
	return states
}

// A faultSet plans what goes wrong. With the same seed and the same sequence of
// calls it plans the same.
type faultSet struct {
	mu    sync.Mutex
	rules []*activeRule
}

type activeRule struct {
	RuleState
	random *mathrand.ChaCha8
}

func (s *faultSet) set(rules []Rule, seed uint64) {
	active := make([]*activeRule, len(rules))
	for i, r := range rules {
		active[i] = &activeRule{RuleState{Rule: r}, newRuleSource(r.Seed, seed, i)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = active
}

// newRuleSource gives each rule a source of its own, so that what one draws does
// not hang on which calls the others see.
func newRuleSource(own, shared uint64, place int) *mathrand.ChaCha8 {
	var key [32]byte
	switch {
	case own != 0:
		binary.LittleEndian.PutUint64(key[:], own)
	case shared != 0:
		binary.LittleEndian.PutUint64(key[:], shared)
		binary.LittleEndian.PutUint64(key[8:], faultStream)
		binary.LittleEndian.PutUint64(key[16:], uint64(place)) //nolint:gosec // an index is not negative
	default:
		_, _ = rand.Read(key[:]) // never fails
	}
	return mathrand.NewChaCha8(key)
}

// A plan is what goes wrong with one call.
type plan struct {
	latency time.Duration
	late    bool // latency outlasts the caller
	effects effects
	answer  *Fault // nil: the call is answered as it should be
}

// effects are faults of what a call does, and not of how it is answered.
type effects struct {
	stuck    time.Duration // how long peerings stay CREATING beyond their time
	unlisted time.Duration // how long lists do not have the connection
}

func (s *faultSet) plan(operation string) plan {
	s.mu.Lock()
	defer s.mu.Unlock()
	var p plan
	for _, r := range s.rules {
		if !r.matches(operation) || !r.fires() {
			continue
		}
		f := r.Rule.Fault
		delay := time.Duration(f.Delay)
		switch f.Kind {
		case Latency:
			p.latency += delay
			p.late = p.late || f.Commit
		case StuckCreating:
			if delay == 0 {
				delay = forever
			}
			p.effects.stuck = max(p.effects.stuck, delay)
		case SlowList:
			p.effects.unlisted = max(p.effects.unlisted, delay)
		default:
			p.answer = &f
			return p
		}
	}
	return p
}

func (r *activeRule) matches(operation string) bool {
	return r.Rule.Operation == operation || r.Rule.Operation == anyOperation && !ofIAM(operation)
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
		// The 53 bits that a float64 holds: at 1 every call fires. The draw is made
		// for every call, so that Times does not shift those that follow.
		fires = float64(r.random.Uint64()>>11)/(1<<53) < rule.Probability
	}
	if !fires || r.Rule.Times > 0 && r.Fired == r.Rule.Times {
		return false
	}
	r.Fired++
	return true
}

// effectsKey is the key of a call's effects in its context.
type effectsKey struct{}

func withEffects(ctx context.Context, x effects) context.Context {
	return context.WithValue(ctx, effectsKey{}, x)
}

func effectsOf(ctx context.Context) effects {
	x, _ := ctx.Value(effectsKey{}).(effects)
	return x
}
