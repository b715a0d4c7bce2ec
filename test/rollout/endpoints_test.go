package rollout_test

import (
	"context"
	"slices"
	"sync"
	"time"
)

// endpoints are the replicas that take new calls, as a cluster keeps them: it looks
// at each one's readiness, and what it sees takes effect only after a while. Until
// then calls go to a replica that is about to end, and none to one that is ready.
type endpoints struct {
	pace  pace
	probe probe
	apply func([]addresses) // is told of every change, by one goroutine

	mu      sync.Mutex
	watched []addresses
}

// A sighting is which replicas were ready, and when.
type sighting struct {
	at    time.Time
	ready []addresses
}

// watch adds a replica that was started.
func (e *endpoints) watch(at addresses) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watched = append(slices.Clone(e.watched), at)
}

// forget removes a replica that has ended: its ports may be another's soon. What
// was seen of it before has still to take effect.
func (e *endpoints) forget(at addresses) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.watched = slices.DeleteFunc(slices.Clone(e.watched), func(a addresses) bool { return a == at })
}

// run follows the replicas until ctx ends.
func (e *endpoints) run(ctx context.Context) {
	defer e.probe.close()
	var seen []sighting
	var serving []addresses
	for pause(ctx, e.pace.poll) == nil {
		seen = append(seen, sighting{time.Now(), e.look(ctx)})
		for len(seen) > 0 && time.Since(seen[0].at) >= e.pace.propagation {
			if ready := seen[0].ready; !slices.Equal(ready, serving) {
				serving = ready
				e.apply(serving)
			}
			seen = seen[1:]
		}
	}
}

// look returns the watched replicas that are ready.
func (e *endpoints) look(ctx context.Context) []addresses {
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
