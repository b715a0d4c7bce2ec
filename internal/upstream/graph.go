package upstream

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/credentials"
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
// the counts, so that no counter falls, and the credentials that did not change.
func (r *Router) newGraph(cfg []*configv1.Upstream, previous *graph) (*graph, error) {
	g := &graph{byProject: make(map[string]*Client), counts: make(map[string]*counts)}
	var problems []error
	for i, u := range cfg {
		p := &problem{index: i}
		c := r.newClient(u, p)
		c.counts = g.countsOf(c.name, previous)
		c.credentials = previous.credentialsOf(c)
		if c.credentials == nil {
			c.newCredentials(p)
		}
		g.add(c, p)
		problems = append(problems, p.found...)
	}
	// Credentials that were made in vain need no Close: they have not begun anything.
	return g, errors.Join(problems...)
}

func (g *graph) countsOf(name string, previous *graph) *counts {
	if g.counts[name] == nil {
		g.counts[name] = previous.counts[name]
	}
	if g.counts[name] == nil {
		g.counts[name] = newCounts()
	}
	return g.counts[name]
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
	return &configv1.Upstream{Endpoint: u.GetEndpoint(), AllowPlaintext: u.GetAllowPlaintext(), Credentials: u.GetCredentials()}
}

// add gives a client its projects. It rejects what the rules of the configuration
// forbid as well: a call must never go to one of two upstreams by chance.
func (g *graph) add(c *Client, p *problem) {
	g.clients = append(g.clients, c)
	projects := c.config.GetProjects()
	if len(projects) == 0 {
		if g.catchAll != nil {
			p.add("projects", errors.New("another upstream serves every project already"))
		}
		g.catchAll = c
	}
	for _, project := range projects {
		if g.byProject[project] != nil {
			p.add("projects", errors.New("project "+project+" is listed already"))
		}
		g.byProject[project] = c
	}
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
		c.transport.close()
	}
}

// closeCredentials ends the renewals in flight. A reload does not call it: those of
// dropped credentials end by their own timeout, and calls may wait for them.
func (g *graph) closeCredentials() {
	for _, c := range g.clients {
		c.credentials.Close()
	}
}

// A problem collects what is wrong with one upstream.
type problem struct {
	index int
	found []error
}

func (p *problem) add(field string, err error) { p.found = append(p.found, p.at(field+": ", err)) }

func (p *problem) at(prefix string, err error) error {
	return fmt.Errorf("upstreams[%d].%s%w", p.index, prefix, err)
}

// addAll adds errors that begin with their fields, joined in one.
func (p *problem) addAll(err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			p.addAll(e)
		}
		return
	}
	p.found = append(p.found, p.at("", err))
}
