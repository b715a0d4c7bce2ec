package upstream

// Stats is what happened at one upstream since it was first configured, and how it
// is now.
type Stats struct {
	Upstream      string // its name
	Attempts      int64  // HTTP calls to DLI that have ended
	Retries       int64  // of these, those that repeated one that failed
	SharedReads   int64  // reads that shared the attempts of an identical one in flight
	ShedByLimit   int64  // calls that were not sent because the limit was reached
	ShedByBreaker int64  // calls that were not sent because the breaker was open
	InFlight      int64  // HTTP calls to DLI in flight
	Limit         int64  // most of them, as of now; 0: no limit
	BreakerOpen   bool   // calls are refused
}

// Stats returns the Stats of each upstream, in the order of the configuration.
// Upstreams of one name share their counts.
func (r *Router) Stats() []Stats {
	var all []Stats
	for _, c := range r.graph.Load().clients {
		s := Stats{
			Upstream: c.name, Retries: c.counts.retries.Load(), SharedReads: c.counts.shared.Load(),
			ShedByLimit: c.counts.refused[refusedByLimit].Load(), ShedByBreaker: c.counts.refused[refusedByBreaker].Load(),
			InFlight: c.counts.inFlight.Load(), Limit: c.limit.now(), BreakerOpen: c.breaker.state() != breakerClosed,
		}
		for _, outcomes := range c.counts.attempts {
			for i := range outcomes {
				s.Attempts += outcomes[i].Load()
			}
		}
		all = append(all, s)
	}
	return all
}
