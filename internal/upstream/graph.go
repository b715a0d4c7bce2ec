package upstream

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/egress"
	"github.com/connsvc/connsvc/internal/endpoint"
	"github.com/connsvc/connsvc/internal/upstream/exchange"
)

// A graph is the clients of one configuration. It does not change: a reload replaces it.
type graph struct {
	clients   []*Client
	byProject map[string]*Client
	catchAll  *Client            // of every other project; may be nil
	counts    map[string]*counts // by upstream name
	closed    bool
}

// newGraph makes the clients of a configuration. From the previous graph it takes over
// the counts, so that no counter falls, what DLI has shown of itself, and the credentials that
// did not change.
func (r *Router) newGraph(cfg []*configv1.Upstream, previous *graph) (*graph, error) {
	g := &graph{byProject: make(map[string]*Client), counts: make(map[string]*counts)}
	var problems []error
	for i, u := range cfg {
		c, err := r.newClient(u, g, previous)
		problems = append(problems, at(i, errors.Join(err, g.add(c)))...)
	}
	// Credentials that were made in vain need no Close: they have not started anything.
	return g, errors.Join(problems...)
}

// newClient makes the client of an upstream. The error joins all problems, each of which
// begins with its field.
func (r *Router) newClient(u *configv1.Upstream, g, previous *graph) (*Client, error) {
	c := &Client{
		router: r, config: u, timeout: config.DefaultTimeout,
		backoff: newBackoff(u.GetRetry()), budget: newBudget(u.GetRetry().GetBudgetPercent()),
		breaker: newBreaker(u.GetProtection()), limit: newLimit(u.GetProtection(), r.options.MaxWaiting),
		propagate: propagatesTrace(u, r.options.Tracer), polls: newPollBudget(u.GetPolling()),
	}
	if d := u.GetTimeout().AsDuration(); d > 0 {
		c.timeout = d
	}
	var err error
	if c.base, err = endpoint.Parse(u.GetEndpoint(), u.GetAllowPlaintext()); err != nil {
		err = fmt.Errorf("endpoint: %w", err)
		c.base = &url.URL{}
	}
	c.name = cmp.Or(u.GetName(), c.base.Hostname())
	c.shown = previous.shownBy(c)
	c.counts = g.countsOf(c.name, previous, r.operations)
	log := r.options.Log.With("upstream", c.name)
	route, routeErr := egress.New(u, egress.Options{Secret: r.options.Secret, Dir: r.options.Dir, Log: log})
	err = errors.Join(err, routeErr)
	c.route = route
	c.transport = exchange.New(c.base, exchange.Options{Route: route, Dial: r.options.dial, Log: log, Unsolicited: &c.counts.unsolicited})
	if c.credentials = previous.credentialsOf(c); c.credentials != nil {
		return c, err
	}
	var secretErr error
	c.credentials, secretErr = credentials.New(u, credentials.Options{
		Secret: r.options.Secret, Now: r.options.Now, Observe: c.counts.renewed(log, r.options.Now),
		MaxWaiting: r.options.MaxWaiting,
		Route:      route,
	})
	return c, errors.Join(err, secretErr)
}

// propagatesTrace reports whether DLI gets the trace context.
func propagatesTrace(u *configv1.Upstream, tracer trace.Tracer) bool {
	_, none := tracer.(noop.Tracer)
	return u.GetPropagateTrace() || u.PropagateTrace == nil && !none
}

func (g *graph) countsOf(name string, previous *graph, operations map[string]*operation) *counts {
	if g.counts[name] == nil {
		g.counts[name] = previous.counts[name]
	}
	if g.counts[name] == nil {
		g.counts[name] = newCounts(name, operations)
	}
	return g.counts[name]
}

// shownBy returns what DLI has shown to the client of g that has the name and the endpoint of c.
func (g *graph) shownBy(c *Client) *shown {
	for _, other := range g.clients {
		if other.name == c.name && other.config.GetEndpoint() == c.config.GetEndpoint() {
			return other.shown
		}
	}
	return &shown{}
}

// credentialsOf returns credentials of g that were made of the same configuration as
// those of c, or nil.
func (g *graph) credentialsOf(c *Client) credentials.Provider {
	for _, other := range g.clients {
		if other.name == c.name && proto.Equal(credentialsConfig(other.config), credentialsConfig(c.config)) {
			return other.credentials
		}
	}
	return nil
}

// credentialsConfig returns the part of an upstream's configuration that its
// credentials depend on.
func credentialsConfig(u *configv1.Upstream) *configv1.Upstream {
	return &configv1.Upstream{
		Endpoint: u.GetEndpoint(), AllowPlaintext: u.GetAllowPlaintext(), Credentials: u.GetCredentials(),
		ProxyUrl: u.GetProxyUrl(), ProxyCredentials: u.GetProxyCredentials(), Tls: u.GetTls(),
	}
}

// add gives a client its projects. It rejects what the rules of the configuration
// forbid as well: a call must never go to one of two upstreams by chance.
func (g *graph) add(c *Client) error {
	g.clients = append(g.clients, c)
	projects := c.config.GetProjects()
	if len(projects) == 0 {
		if g.catchAll != nil {
			return errors.New("projects: another upstream serves every project already")
		}
		g.catchAll = c
	}
	var problems []error
	for _, project := range projects {
		if g.byProject[project] != nil {
			problems = append(problems, fmt.Errorf("projects: project %s is listed already", project))
		}
		g.byProject[project] = c
	}
	return errors.Join(problems...)
}

func (g *graph) lookup(project string) *Client {
	if c := g.byProject[project]; c != nil {
		return c
	}
	return g.catchAll
}

// closeConnections closes the idle connections, and the others when they become idle.
func (g *graph) closeConnections() {
	for _, c := range g.clients {
		c.transport.Close()
	}
}

// closeCredentials ends the renewals in flight. A reload does not call it: those of
// dropped credentials end by their own timeout, and calls may wait for them.
func (g *graph) closeCredentials() {
	for _, c := range g.clients {
		c.credentials.Close()
	}
}

// at returns the joined errors one by one, each with the upstream it is about.
func at(index int, err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var all []error
		for _, e := range joined.Unwrap() {
			all = append(all, at(index, e)...)
		}
		return all
	}
	if err == nil {
		return nil
	}
	return []error{fmt.Errorf("upstreams[%d].%w", index, err)}
}
