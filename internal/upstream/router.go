package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// A table says which upstream serves a project. It does not change: a reload puts
// another in its place.
type table struct {
	byProject map[string]*route
	catchAll  *route // of every other project; may be nil
	routes    []*route
	closed    bool
}

// A route is one upstream of the configuration: its client, which may have served
// under an earlier one, and what the client has no part in.
type route struct {
	client      *client
	idempotency *configv1.Idempotency
}

func (t *table) of(project string) *route {
	if r := t.byProject[project]; r != nil {
		return r
	}
	return t.catchAll
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

// Reload puts another configuration in the place of the one that serves, at once
// for all projects. Upstreams that did not change, but for the projects they serve,
// keep their client: its connections, tokens, breaker and limit. Calls in flight
// end on the client that they began on. An error, as of New, changes nothing.
func (r *Router) Reload(cfg []*configv1.Upstream) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Load()
	if old.closed {
		return errClosed
	}
	kept := make(map[*client]bool)
	next := &table{byProject: make(map[string]*route)}
	var problems []error
	for i, u := range cfg {
		p := &problem{index: i}
		c := old.unchanged(u, kept)
		if c == nil {
			r.serving.Add(1)
			c = newClient(u, r.options, r.counts, r.serving.Done, p)
		}
		kept[c] = true
		next.assign(&route{client: c, idempotency: proto.CloneOf(u.GetIdempotency())}, u.GetProjects(), p)
		problems = append(problems, p.found...)
	}
	if len(problems) > 0 {
		next.retire(old.clients())
		r.counts.keep(old)
		return errors.Join(problems...)
	}
	r.table.Store(next)
	old.retire(kept)
	r.counts.keep(next)
	return nil
}

// unchanged returns a client of t that was made of the same configuration and is
// not among those kept already, or nil.
func (t *table) unchanged(u *configv1.Upstream, kept map[*client]bool) *client {
	wanted := clientConfig(u)
	for _, r := range t.routes {
		if !kept[r.client] && proto.Equal(r.client.config, wanted) {
			return r.client
		}
	}
	return nil
}

// assign gives a route its projects. The configuration's own rules forbid what is
// refused here; a call must never go to one of two upstreams by chance.
func (t *table) assign(to *route, projects []string, p *problem) {
	t.routes = append(t.routes, to)
	if len(projects) == 0 {
		if t.catchAll != nil {
			p.add("projects", errors.New("another upstream serves every project already"))
		}
		t.catchAll = to
	}
	for _, project := range projects {
		if t.byProject[project] != nil {
			p.add("projects", errors.New("project "+project+" is listed already"))
		}
		t.byProject[project] = to
	}
}

func (t *table) clients() map[*client]bool {
	all := make(map[*client]bool)
	for _, r := range t.routes {
		all[r.client] = true
	}
	return all
}

// retire gives up the clients that are not kept: each is closed when its last call
// has ended.
func (t *table) retire(kept map[*client]bool) {
	for c := range t.clients() {
		if !kept[c] {
			c.release()
		}
	}
}

// client returns the client of a request's project, in use until it is released.
func (r *Router) client(req proto.Message) (*client, *Error) {
	project := projectOf(req)
	for {
		t := r.table.Load()
		to := t.of(project)
		switch {
		case t.closed:
			return nil, &Error{Kind: Unreachable, Err: errClosed}
		case to == nil:
			return nil, &Error{Kind: NotConfigured}
		case to.client.acquire():
			return to.client, nil
		}
		// It was retired after the table was loaded: there is another table.
	}
}

// Idempotency returns how creates of a project are made safe to repeat, nil where
// no upstream serves the project or the configuration does not say. It is only to
// be read.
func (r *Router) Idempotency(project string) *configv1.Idempotency {
	if to := r.table.Load().of(project); to != nil {
		return to.idempotency
	}
	return nil
}

// Skew returns by how much the clock of a project's DLI is ahead of this one, by
// the Date of its last answers; false before the first. Date has whole seconds and
// was written before the answer travelled: the true skew is up to a second more,
// and up to the time of travel more again.
func (r *Router) Skew(project string) (time.Duration, bool) {
	to := r.table.Load().of(project)
	if to == nil {
		return 0, false
	}
	told := to.client.clock.Load()
	if told == nil {
		return 0, false
	}
	return told.skew, true
}

// Close gives up all clients, and returns when they have ended, each with its last
// call, or when ctx ends: then those that are left go on to their end, and observe.
// Calls and reloads that come later are refused. It may be called again.
func (r *Router) Close(ctx context.Context) {
	r.giveUp()
	ended := make(chan struct{})
	go func() {
		r.serving.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

func (r *Router) giveUp() {
	r.mu.Lock()
	defer r.mu.Unlock()
	old := r.table.Swap(&table{closed: true})
	old.retire(nil)
	r.unregister()
	r.unregister = func() {}
}
