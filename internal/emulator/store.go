package emulator

import (
	"net/http"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A connection is what DLI keeps of one. The hosts, the routes and what they point
// to are never changed in place, so answers share them without a copy.
type connection struct {
	id, name, project string
	vpc, subnet       string
	ipv6              bool
	created, updated  time.Time
	listed            time.Time // from when on lists have it
	deleted           time.Time // zero while the connection exists
	hosts             []*connsvcv1.Host
	routes            []*connsvcv1.Route
	tags              map[string]string
	peerings          []peering
	grantees          map[string]bool // projects that have BIND_QUEUE
}

// A project holds its connections in the order of their creation, and the number
// of existing ones by name.
type project struct {
	connections []*connection
	existing    map[string]int
	count       int
}

// A store holds the connections of all projects; Emulator.mu guards it.
type store struct {
	projects    map[string]*project
	connections map[string]*connection
}

func newStore() store {
	return store{projects: map[string]*project{}, connections: map[string]*connection{}}
}

// project returns the project of that ID. One without connections is not kept.
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

// markDeleted deletes c softly: what remains is what it was, not what it held.
func (s *store) markDeleted(c *connection, now time.Time) {
	p := s.project(c.project)
	p.existing[c.name]--
	p.count--
	c.deleted, c.updated = now, now
	c.hosts, c.routes, c.peerings, c.grantees = nil, nil, nil, nil
}

// find returns an existing connection for a project that owns it or was granted
// BIND_QUEUE on it. To any other project it does not exist.
func (e *Emulator) find(project, id string) (*connection, error) {
	c := e.store.connections[id]
	if c == nil || !c.deleted.IsZero() || c.project != project && !c.grantees[project] {
		return nil, e.missing(id)
	}
	return c, nil
}

// findOwn is find for what only the owner may do.
func (e *Emulator) findOwn(project, id, action string) (*connection, error) {
	c, err := e.find(project, id)
	if err == nil && c.project != project {
		return nil, refuse(codeNoPermission, "Permission denied for resource 'edsconnections.%s', User = '%s', Action = %q.", id, project, action)
	}
	return c, err
}

func (e *Emulator) missing(id string) error {
	if e.options.Quirks.MissingIs404 {
		return &refusal{status: http.StatusNotFound, code: codeNoResource, message: "No related resources were found."}
	}
	return refuse(codeParameter, "Connection %s does not exist.", id)
}

// visible reports whether reads still show c, which may be deleted.
func (e *Emulator) visible(c *connection, now time.Time) bool {
	retention := e.options.Quirks.DeletedRetention
	return c.deleted.IsZero() || retention == 0 || now.Before(c.deleted.Add(retention))
}

// view returns c as DLI answers it at that time. The message may be read after the
// mutex is released, and must not be changed.
func (e *Emulator) view(c *connection, now time.Time) *connsvcv1.EnhancedConnection {
	v := &connsvcv1.EnhancedConnection{
		Id:            c.id,
		Name:          c.name,
		Status:        connsvcv1.EnhancedConnection_ACTIVE,
		DestVpcId:     c.vpc,
		DestNetworkId: c.subnet,
		CreateTime:    timestamppb.New(c.created),
		UpdateTime:    timestamppb.New(c.updated),
		Hosts:         c.hosts,
		Ipv6Enable:    c.ipv6,
		IsPrivis:      proto.Bool(len(c.grantees) == 0),
		Routes:        c.routes,
	}
	if !c.deleted.IsZero() {
		v.Status = connsvcv1.EnhancedConnection_DELETED
	}
	for _, p := range c.peerings {
		if p.pool {
			v.ElasticResourcePools = append(v.ElasticResourcePools, p.view(now))
		} else {
			v.AvailableQueueInfo = append(v.AvailableQueueInfo, p.view(now))
		}
	}
	return v
}
