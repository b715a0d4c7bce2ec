package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A target is what a peering leads to: a queue or a pool of a project. Names are
// in lower case, into which DLI turns them.
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

func (p *peering) status(now time.Time) connsvcv1.Peering_Status {
	switch {
	case now.Before(p.settled):
		return connsvcv1.Peering_CREATING
	case p.errMsg != "":
		return connsvcv1.Peering_FAILED
	default:
		return connsvcv1.Peering_ACTIVE
	}
}

func (p *peering) view(now time.Time) *connsvcv1.Peering {
	v := &connsvcv1.Peering{PeerId: p.id, Name: p.name, Status: p.status(now), UpdateTime: timestamppb.New(p.bound)}
	if v.Status != connsvcv1.Peering_CREATING {
		v.ErrMsg, v.UpdateTime = p.errMsg, timestamppb.New(p.settled)
	}
	return v
}

func (c *connection) creating(now time.Time) bool {
	return slices.ContainsFunc(c.peerings, func(p peering) bool { return p.status(now) == connsvcv1.Peering_CREATING })
}

// A binding is a name of a request and the peering it asks for.
type binding struct {
	asked string // as the request had it
	target
	unknown bool   // no such queue or pool
	errMsg  string // with which its peering fails
}

// bindings resolves names of queues and pools. A queue that lives in a pool stands
// for its pool: DLI shows that one bound, and not the queue.
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
