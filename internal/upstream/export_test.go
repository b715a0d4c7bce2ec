package upstream

import (
	"context"
	"maps"
	"net"
)

// WithDial returns options with which all connections are made by dial, for tests that
// own the network.
func WithDial(o Options, dial func(context.Context) (net.Conn, error)) Options {
	o.dial = dial
	return o
}

// Allows reports whether an RPC may be sent again after err, and whether the table of
// policies has it at all.
func Allows(fullMethod string, err *Error) (allowed, known bool) {
	p, known := retryPolicies[fullMethod]
	return p.allows(err), known
}

// OperationsWithout reads the operations as if an RPC had no retry policy.
func OperationsWithout(fullMethod string) error {
	policies := maps.Clone(retryPolicies)
	delete(policies, fullMethod)
	_, err := readOperations(policies)
	return err
}

// Sources returns how many sources and projects the breaker of a project's upstream knows to
// fail, and how many there may be.
func (r *Router) Sources(project string) (sources, projects, most int) {
	b := r.graph.Load().lookup(project).breaker
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.circuits), len(b.projects), maxSources
}

// Accounts returns how many accounts the budget of a project's upstream has.
func (r *Router) Accounts(project string) int {
	b := r.graph.Load().lookup(project).budget
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.accounts)
}

// Callers returns how many callers the limit of a project's upstream knows.
func (r *Router) Callers(project string) int {
	l := r.graph.Load().lookup(project).limit
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queues)
}
