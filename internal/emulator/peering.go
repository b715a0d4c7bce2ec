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
	id      string
	bound   time.Time
	settled time.Time // when CREATING ends
	errMsg  string    // not empty: it ends in FAILED
}

func (p *peering) status(now time.Time) string {
	switch {
	case now.Before(p.settled):
		return wire.StatusCreating
	case p.errMsg != "":
		return wire.StatusFailed
	default:
		return wire.StatusActive
	}
}

func (p *peering) view(now time.Time) wire.Peering {
	v := wire.Peering{PeerID: p.id, Name: p.name, Status: p.status(now), UpdateTime: p.bound.UnixMilli()}
	if v.Status != wire.StatusCreating {
		v.ErrMsg, v.UpdateTime = p.errMsg, p.settled.UnixMilli()
	}
	return v
}

func (c *connection) creating(now time.Time) bool {
	return slices.ContainsFunc(c.peerings, func(p peering) bool { return p.status(now) == wire.StatusCreating })
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
		b.errMsg = e.options.FailPeering[b.name]
		if pool, ok := e.options.PoolOfQueue[b.name]; ok {
			b.name, b.pool = pool, true
			b.errMsg = cmp.Or(b.errMsg, e.options.FailPeering[pool])
		} else {
			b.unknown = !e.knownQueues.exist(b.name)
		}
		all = append(all, b)
	}
	for _, asked := range pools {
		b := binding{asked: asked, target: target{project: project, name: strings.ToLower(asked), pool: true}}
		b.unknown = !e.knownPools.exist(b.name)
		b.errMsg = e.options.FailPeering[b.name]
		all = append(all, b)
	}
	if !e.knownSubnets.exist(c.subnet) {
		for i := range all {
			all[i].errMsg = "Failed to get subnet " + c.subnet
		}
	}
	return all
}
