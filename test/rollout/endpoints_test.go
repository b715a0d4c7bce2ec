package rollout_test

import (
	"context"
	"slices"
	"sync"
	"time"
)

// endpoints are the replicas that get new calls, as a cluster tracks them: it polls their
// readiness, and a change takes effect after a delay. Until then calls go to a replica
// that is about to stop, and none to a new one.
type endpoints struct {
	pace  pace
	probe probe
	apply func([]addresses) // called for every change, by one goroutine

	mu      sync.Mutex
	watched []addresses
}

// An observation is the set of replicas that were ready at a time.
type observation struct {
	at    time.Time
	ready []addresses
}

// watch adds a replica.
func (e *endpoints) watch(at addresses) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watched = append(slices.Clone(e.watched), at)
}

// forget removes a stopped replica, as another process may get its ports. Earlier
// observations of it still take effect.
func (e *endpoints) forget(at addresses) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watched = slices.DeleteFunc(slices.Clone(e.watched), func(a addresses) bool { return a == at })
}

// run follows the replicas until ctx ends.
func (e *endpoints) run(ctx context.Context) {
	defer e.probe.close()
	var seen []observation
	var serving []addresses
	for pause(ctx, e.pace.poll) == nil {
		seen = append(seen, observation{time.Now(), e.observe(ctx)})
		for len(seen) > 0 && time.Since(seen[0].at) >= e.pace.propagation {
			if ready := seen[0].ready; !slices.Equal(ready, serving) {
				serving = ready
				e.apply(serving)
			}
			seen = seen[1:]
		}
	}
}

// observe returns the watched replicas that are ready.
func (e *endpoints) observe(ctx context.Context) []addresses {
	e.mu.Lock()
	watched := e.watched
	e.mu.Unlock()
	var ready []addresses
	for _, at := range watched {
		if e.probe.ready(ctx, at.Admin) {
			ready = append(ready, at)
		}
	}
	return ready
}
