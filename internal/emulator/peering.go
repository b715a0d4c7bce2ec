package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// A target is what a peering leads to: a queue or a pool of a project. DLI converts
// their names to lower case.
type target struct {
	project, name string
	pool          bool
}

// A peering is the VPC peering of one bound queue or pool.
type peering struct {
	target
	asked  string // the queue or pool of the request, which may be inside of the target
	id     string
	bound  time.Time
	stuck  time.Duration // how long it is CREATING beyond its time
	errMsg string        // not empty: it ends in FAILED
}

// A peeringState is what a peering is at a time.
type peeringState struct {
	status string
	since  time.Time
	errMsg string // of FAILED
}

// state returns what p is at now, by the network's present rule for it.
func (e *Emulator) state(p *peering, now time.Time) peeringState {
	rule := e.network.peering(p)
	delay, errMsg := e.options.PeeringDelay, cmp.Or(p.errMsg, rule.Fails)
	if rule.Delay != 0 {
		delay = time.Duration(rule.Delay)
	}
	settled := p.bound.Add(delay).Add(p.stuck)
	switch {
	case now.Before(settled):
		return peeringState{wire.StatusCreating, p.bound, ""}
	case rule.Up > 0 && p.errMsg == "":
		return rule.flapping(settled, now)
	case errMsg != "":
		return peeringState{wire.StatusFailed, settled, errMsg}
	default:
		return peeringState{wire.StatusActive, settled, ""}
	}
}

func (e *Emulator) viewPeering(p *peering, now time.Time) wire.Peering {
	s := e.state(p, now)
	return wire.Peering{PeerID: p.id, Name: p.name, Status: s.status, ErrMsg: s.errMsg, UpdateTime: s.since.UnixMilli()}
}

func (e *Emulator) creating(c *connection, now time.Time) bool {
	return slices.ContainsFunc(c.peerings, func(p peering) bool { return e.state(&p, now).status == wire.StatusCreating })
}

// A binding is a queue or a pool of a request, and its target.
type binding struct {
	asked string // the name in the request
	target
	unknown bool   // no such queue or pool
	errMsg  string // not empty: its peering fails
}

// bindings resolves names of queues and pools. For a queue inside a pool, DLI binds
// and shows the pool.
func (e *Emulator) bindings(c *connection, project string, queues, pools []string) []binding {
	all := make([]binding, 0, len(queues)+len(pools))
	for _, asked := range queues {
		b := binding{asked: asked, target: target{project: project, name: strings.ToLower(asked)}}
		if pool, ok := e.options.PoolOfQueue[b.name]; ok {
			b.name, b.pool = pool, true
		} else {
			b.unknown = !e.knownQueues.exist(b.name)
		}
		all = append(all, b)
	}
	for _, asked := range pools {
		b := binding{asked: asked, target: target{project: project, name: strings.ToLower(asked), pool: true}}
		b.unknown = !e.knownPools.exist(b.name)
		all = append(all, b)
	}
	if !e.knownSubnets.exist(c.subnet) {
		for i := range all {
			all[i].errMsg = "Failed to get subnet " + c.subnet
		}
	}
	return all
}
