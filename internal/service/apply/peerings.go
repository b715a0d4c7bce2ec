package apply

import (
	"strings"
	"sync"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// peeringChanges are changes of bound queues and pools.
type peeringChanges struct {
	bindQueues, bindPools     []string
	unbindQueues, unbindPools []string
	// hidden are the wanted queues that are bound and that DLI does not show.
	hidden []string
}

// comparePeerings compares names in lower case, as DLI does. DLI shows a queue of an elastic
// resource pool as that pool, and no call says which pool a queue is in. So a queue that does
// not show is bound once more, which changes nothing if it is bound, unless this process
// has done so already. The pools that may stand for such a queue are not unbound.
func (t *target) comparePeerings(conn *connsvcv1.EnhancedConnection) peeringChanges {
	wantedQueues, wantedPools := lowered(t.spec.GetQueues()), lowered(t.spec.GetElasticResourcePools())
	queues, pools := peeringNames(conn.GetAvailableQueueInfo()), peeringNames(conn.GetElasticResourcePools())
	var c peeringChanges
	c.bindPools = without(wantedPools, pools)
	var standIns []string
	for _, queue := range without(wantedQueues, queues) {
		if possible := t.standIns.of(t.project, conn.GetId(), queue, pools); possible != nil {
			c.hidden, standIns = append(c.hidden, queue), append(standIns, possible...)
		} else {
			c.bindQueues = append(c.bindQueues, queue)
		}
	}
	if t.wants(queuesField, len(wantedQueues)) {
		c.unbindQueues = without(queues, wantedQueues)
	}
	if t.wants(poolsField, len(wantedPools)) {
		c.unbindPools = without(without(pools, wantedPools), standIns)
	}
	return c
}

// learn remembers those of the queues, which DLI has bound, that it does not show.
func (t *target) learn(conn *connsvcv1.EnhancedConnection, queues []string) {
	pools := peeringNames(conn.GetElasticResourcePools())
	if len(pools) == 0 {
		return
	}
	for _, queue := range without(lowered(queues), peeringNames(conn.GetAvailableQueueInfo())) {
		t.standIns.add(t.project, conn.GetId(), queue, pools)
	}
}

// lowered returns the names in lower case, each once.
func lowered(names []string) []string {
	all := make([]string, 0, len(names))
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if name = strings.ToLower(name); !seen[name] {
			seen[name] = true
			all = append(all, name)
		}
	}
	return all
}

func peeringNames(peerings []*connsvcv1.Peering) []string {
	names := make([]string, len(peerings))
	for i, p := range peerings {
		names[i] = p.GetName()
	}
	return lowered(names)
}

// without returns the names that are not among others.
func without(names, others []string) []string {
	set := make(map[string]bool, len(others))
	for _, name := range others {
		set[name] = true
	}
	var rest []string
	for _, name := range names {
		if !set[name] {
			rest = append(rest, name)
		}
	}
	return rest
}

func standInKey(project, id, queue string) [3]string {
	return [3]string{project, strings.ToLower(id), strings.ToLower(queue)}
}

// maxStandIns is how many queues are remembered at most; beyond it all are forgotten, and
// bound once more, which changes nothing.
const maxStandIns = 10_000

// standIns are the queues that were bound and do not show, each with the pools that did:
// one of them stands for it. The zero value is ready for use.
type standIns struct {
	mu    sync.Mutex
	pools map[[3]string][]string // by project, connection and queue
}

func (s *standIns) add(project, id, queue string, pools []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pools == nil || len(s.pools) >= maxStandIns {
		s.pools = map[[3]string][]string{}
	}
	s.pools[standInKey(project, id, queue)] = pools
}

func (s *standIns) remove(project, id string, queues []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, queue := range queues {
		delete(s.pools, standInKey(project, id, queue))
	}
}

// of returns the pools of which one stands for the queue; nil if that is not known, or one
// of them is not bound any more.
func (s *standIns) of(project, id, queue string, pools []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	possible := s.pools[standInKey(project, id, queue)]
	if len(without(possible, pools)) > 0 {
		return nil
	}
	return possible
}
