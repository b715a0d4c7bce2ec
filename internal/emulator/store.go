package emulator

import (
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// A connection is what DLI stores of one. Elements of hosts and routes are never
// changed in place, so responses share them.
type connection struct {
	id, name, project string
	vpc, subnet       string
	ipv6              bool
	created, updated  time.Time
	listed, tagged    time.Time // when lists, and those by tags, begin to show it
	deleted           time.Time // zero while the connection exists
	unlisted          time.Time // when lists begin to show the deletion
	hosts             []wire.Host
	routes            []wire.Route
	tags              map[string]string
	peerings          []peering
	grantees          map[string]bool // projects that have BIND_QUEUE
	past              []past
}

// A past is a connection as it was until a change.
type past struct {
	until time.Time
	*connection
}

// beforeChange keeps c as it is before a change, if lists may look back.
func (e *Emulator) beforeChange(c *connection, now time.Time) {
	retention := e.faults.Retention()
	if retention == 0 {
		c.past = nil
		return
	}
	before := *c
	before.grantees, before.past = maps.Clone(c.grantees), nil
	c.past = slices.DeleteFunc(c.past, func(p past) bool { return p.until.Before(now.Add(-retention)) })
	c.past = append(c.past, past{now, &before})
}

// asOf returns c as lists that look back to t show it, as far as its past is kept.
// They do not show a deletion before c.unlisted.
func (c *connection) asOf(t time.Time) *connection {
	if t.Before(c.unlisted) && !t.Before(c.deleted) {
		t = c.deleted.Add(-1)
	}
	for _, p := range c.past {
		if t.Before(p.until) {
			return p.connection
		}
	}
	return c
}

// A project has its connections in the order of their creation, and counts the
// existing ones, by name too.
type project struct {
	connections []*connection
	existing    map[string]int
	count       int
}

// A store has the connections of all projects; Emulator.mu guards it.
type store struct {
	projects    map[string]*project
	connections map[string]*connection
	tests       []connectivityTest // the ID of each is its place, counted from 1
}

func newStore() store {
	return store{projects: map[string]*project{}, connections: map[string]*connection{}}
}

// project returns a project. One without connections is not stored.
func (s *store) project(id string) *project {
	if p := s.projects[id]; p != nil {
		return p
	}
	return &project{existing: map[string]int{}}
}

func (s *store) add(c *connection) {
	p := s.project(c.project)
	s.projects[c.project] = p
	s.connections[c.id] = c
	p.connections = append(p.connections, c)
	p.existing[c.name]++
	p.count++
}

// markDeleted deletes c softly: its identity remains, its content does not.
func (s *store) markDeleted(c *connection, now, unlisted time.Time) {
	p := s.project(c.project)
	p.existing[c.name]--
	p.count--
	c.deleted, c.unlisted, c.updated = now, unlisted, now
	c.hosts, c.routes, c.peerings, c.grantees = nil, nil, nil, nil
}

// find returns an existing connection for its owner or a project with BIND_QUEUE on
// it. For any other project it does not exist.
func (e *Emulator) find(project, id string) (*connection, error) {
	c := e.store.connections[id]
	if c == nil || !c.deleted.IsZero() || c.project != project && !c.grantees[project] {
		return nil, e.missing(id)
	}
	return c, nil
}

// findOwn is find for actions that only the owner may do.
func (e *Emulator) findOwn(project, id, action string) (*connection, error) {
	c, err := e.find(project, id)
	if err == nil && c.project != project {
		return nil, wire.Errorf(wire.CodeNoPermission, "Permission denied for resource 'edsconnections.%s', User = '%s', Action = %q.", id, project, action)
	}
	return c, err
}

func (e *Emulator) missing(id string) error {
	if e.options.Quirks.MissingIs404 {
		return &wire.Error{Status: http.StatusNotFound, Code: wire.CodeNoResource, Message: "No related resources were found."}
	}
	return wire.Errorf(wire.CodeParameter, "Connection %s does not exist.", id)
}

// visible reports whether reads still show c, which may be deleted.
func (e *Emulator) visible(c *connection, now time.Time) bool {
	retention := e.options.Quirks.DeletedRetention
	return c.deleted.IsZero() || retention == 0 || now.Before(c.deleted.Add(retention))
}

// status is ACTIVE or DELETED.
func (c *connection) status() string {
	if c.deleted.IsZero() {
		return wire.StatusActive
	}
	return wire.StatusDeleted
}

// view returns c as DLI shows it at that time. Its slices may be read without the
// mutex, and must not be changed.
func (e *Emulator) view(c *connection, now time.Time) wire.Connection {
	v := wire.Connection{
		ID:                   c.id,
		Name:                 c.name,
		Status:               c.status(),
		AvailableQueueInfo:   []wire.Peering{},
		ElasticResourcePools: []wire.Peering{},
		DestVPCID:            c.vpc,
		DestNetworkID:        c.subnet,
		CreateTime:           c.created.UnixMilli(),
		UpdateTime:           c.updated.UnixMilli(),
		Hosts:                wire.List(c.hosts),
		IPv6Enable:           c.ipv6,
		IsPrivis:             len(c.grantees) == 0,
		Routes:               wire.List(c.routes),
	}
	for _, p := range c.peerings {
		if p.pool {
			v.ElasticResourcePools = append(v.ElasticResourcePools, e.viewPeering(&p, now))
		} else {
			v.AvailableQueueInfo = append(v.AvailableQueueInfo, e.viewPeering(&p, now))
		}
	}
	return v
}
