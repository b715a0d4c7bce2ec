// Package emulator is an embedded DLI: the documented behaviour of the enhanced
// datasource connection API, strict about what it is sent. The dev command, the
// tests and a command of its own run it.
//
// It stands for another party, so it shares no rule with the service: its paths
// and its checks are written out by hand from DLI's documents, and only the JSON
// codec and the signature scheme are common. What no document says is decided
// here, said at the place, and where it matters a switch (Quirks). It keeps
// everything in memory and starts no goroutine: what changes with time is computed
// from the clock when it is read. Only a fault that makes callers wait has a timer.
package emulator

import (
	"net/http"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// An Emulator is an http.Handler that answers as DLI does; Handler adds what is
// beside DLI. It is safe for concurrent use.
type Emulator struct {
	options     Options
	mux         *http.ServeMux
	requestIDs  *idSource
	listFields  []protoreflect.FieldDescriptor
	objectField []protoreflect.FieldDescriptor
	knownProjects,
	knownQueues,
	knownPools,
	knownSubnets,
	ipv6Subnets names

	faults     faultSet
	identities identities

	mu    sync.Mutex // guards the store and the calls of options.NewID
	store store
}

// New makes an emulator without connections.
func New(o Options) *Emulator {
	o = o.withDefaults()
	e := &Emulator{
		options:     o,
		mux:         http.NewServeMux(),
		requestIDs:  newIDSource(o.Seed, requestIDStream),
		listFields:  fieldsOf(&connsvcv1.ListEnhancedConnectionsRequest{}, "limit", "offset", "status", "name", "tags"),
		objectField: fieldsOf(&connsvcv1.ListPrivilegesByObjectRequest{}, "object"),

		knownProjects: exactNames(o.Projects),
		knownQueues:   lowerNames(o.Queues),
		knownPools:    lowerNames(o.Pools),
		knownSubnets:  exactNames(o.Subnets),
		ipv6Subnets:   exactNames(o.IPv6Subnets),

		identities: newIdentities(o.Seed),
		store:      newStore(),
	}
	if err := e.SetFaults(o.Faults); err != nil {
		panic("emulator: " + err.Error())
	}
	e.register()
	return e
}

// register gives each operation its path, literally as DLI's documents have it.
// The service takes its paths from the proto's annotations: that the two meet is
// the check on those.
func (e *Emulator) register() {
	const (
		connections = "/v2.0/{project_id}/datasource/enhanced-connections"
		connection  = connections + "/{connection_id}"
		routesV2    = connection + "/routes"
		routesV3    = "/v3/{project_id}/datasource/enhanced-connections/{connection_id}/routes"
	)
	for pattern, op := range map[string]operation{
		"POST " + connections:  {"CreateEnhancedConnection", http.StatusCreated, e.createEnhancedConnection},
		"GET " + connections:   {"ListEnhancedConnections", http.StatusOK, e.listEnhancedConnections},
		"GET " + connection:    {"GetEnhancedConnection", http.StatusOK, e.getEnhancedConnection},
		"PUT " + connection:    {"UpdateEnhancedConnectionHosts", http.StatusOK, e.updateEnhancedConnectionHosts},
		"DELETE " + connection: {"DeleteEnhancedConnection", http.StatusOK, e.deleteEnhancedConnection},

		"POST " + connection + "/associate-queue":    {"AssociateQueues", http.StatusOK, e.associateQueues},
		"POST " + connection + "/disassociate-queue": {"DisassociateQueues", http.StatusOK, e.disassociateQueues},

		"POST " + routesV3:               {"CreateRoute", http.StatusOK, e.createRoute},
		"DELETE " + routesV3 + "/{name}": {"DeleteRoute", http.StatusOK, e.deleteRoute},
		"POST " + routesV2:               {"CreateRoute", http.StatusOK, e.createRoute},
		"DELETE " + routesV2 + "/{name}": {"DeleteRoute", http.StatusOK, e.deleteRoute},

		"GET " + connection + "/privileges":               {"ListPrivileges", http.StatusOK, e.listPrivileges},
		"PUT /v1.0/{project_id}/authorization":            {"UpdatePrivileges", http.StatusOK, e.updatePrivileges},
		"GET /v1.0/{project_id}/authorization/privileges": {"ListPrivilegesByObject", http.StatusOK, e.listPrivilegesByObject},
	} {
		e.mux.Handle(pattern, &faulty{e, op.name, op.status, e.answerRefusal, e.gate(op)})
	}
	e.mux.HandleFunc("/", e.refuseUnknownPath)
}

// Connections returns copies of the connections of a project as they are now,
// deleted ones too, in the order of their creation.
func (e *Emulator) Connections(project string) []*connsvcv1.EnhancedConnection {
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []*connsvcv1.EnhancedConnection
	for _, c := range e.store.project(project).connections {
		all = append(all, proto.CloneOf(e.view(c, now)))
	}
	return all
}

// now is the clock in DLI's resolution, milliseconds.
func (e *Emulator) now() time.Time { return e.options.Now().Truncate(time.Millisecond) }

func fieldsOf(m proto.Message, names ...protoreflect.Name) []protoreflect.FieldDescriptor {
	fields := make([]protoreflect.FieldDescriptor, len(names))
	for i, name := range names {
		fields[i] = m.ProtoReflect().Descriptor().Fields().ByName(name)
	}
	return fields
}
