// Package emulator is an embedded DLI: the documented behaviour of the enhanced
// datasource connection API, strict about requests. The dev command, the tests and a
// command of its own run it.
//
// It shares no code with connsvc but the signature scheme, which has public test
// vectors: paths, JSON and checks are written down from DLI's documents. What no
// document says is decided here, and where it matters a switch (Quirks). It keeps
// everything in memory and starts no goroutine: what changes with time is computed
// from the clock at the next read. Only a fault that delays a response has a timer.
package emulator

import (
	"errors"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
	"github.com/connsvc/connsvc/internal/emulator/iam"
	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// An Emulator is an http.Handler that responds as DLI does; Handler adds IAM and the
// emulator's own paths. It is safe for concurrent use.
type Emulator struct {
	options    Options
	mux        *http.ServeMux
	requestIDs *idSource
	knownProjects,
	knownQueues,
	knownPools,
	knownSubnets,
	ipv6Subnets names

	faults *faults.Set
	iam    *iam.Service

	mu      sync.Mutex // guards what follows, and the calls of options.NewID
	store   store
	network Network
}

// New makes an emulator without connections.
func New(o Options) *Emulator {
	o = o.withDefaults()
	e := &Emulator{
		options:    o,
		mux:        http.NewServeMux(),
		requestIDs: newIDSource(o.Seed, requestIDStream),

		knownProjects: exactNames(o.Projects),
		knownQueues:   lowerNames(o.Queues),
		knownPools:    lowerNames(o.Pools),
		knownSubnets:  exactNames(o.Subnets),
		ipv6Subnets:   exactNames(o.IPv6Subnets),

		faults: faults.NewSet(o.Seed, o.Now),
		store:  newStore(),
	}
	e.iam = iam.New(o.Identities, e.knownProjects.exist, o.Now, newIDSource(o.Seed, secretStream).hex)
	if err := errors.Join(e.SetFaults(o.Faults), e.SetNetwork(o.Network)); err != nil {
		panic("emulator: " + err.Error())
	}
	e.register()
	return e
}

// register gives each operation its path, literally as in DLI's documents. The names are
// those that rules of faults may have: package faults lists them in knownOperation.
func (e *Emulator) register() {
	const (
		connections = "/v2.0/{project_id}/datasource/enhanced-connections"
		connection  = connections + "/{connection_id}"
		routesV2    = connection + "/routes"
		tests       = "/v1.0/{project_id}/queues/{queue_name}/connection-test"
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

		"POST " + tests:               {"CreateConnectivityTest", http.StatusOK, e.createConnectivityTest},
		"GET " + tests + "/{task_id}": {"GetConnectivityTest", http.StatusOK, e.getConnectivityTest},

		"GET " + connection + "/privileges":               {"ListPrivileges", http.StatusOK, e.listPrivileges},
		"PUT /v1.0/{project_id}/authorization":            {"UpdatePrivileges", http.StatusOK, e.updatePrivileges},
		"GET /v1.0/{project_id}/authorization/privileges": {"ListPrivilegesByObject", http.StatusOK, e.listPrivilegesByObject},
	} {
		e.mux.Handle(pattern, e.handler(op))
	}
	e.mux.HandleFunc("/", notFound)
}

// SetFaults replaces the rules of what goes wrong, as faults.Set.Replace does.
func (e *Emulator) SetFaults(rules []faults.Rule) error { return e.faults.Replace(rules) }

// Faults returns the rules in their order.
func (e *Emulator) Faults() []faults.RuleState { return e.faults.States() }

// ExpireTokens ends all tokens and temporary keys that were issued.
func (e *Emulator) ExpireTokens() { e.iam.ExpireTokens() }

// Connections returns copies of the connections of a project as they are now,
// deleted ones too, in the order of their creation.
func (e *Emulator) Connections(project string) []wire.Connection {
	e.faults.ExecuteLate()
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []wire.Connection
	for _, c := range e.store.project(project).connections {
		v := e.view(c, now)
		v.Hosts, v.Routes = slices.Clone(v.Hosts), slices.Clone(v.Routes)
		all = append(all, v)
	}
	return all
}

// now is the clock in DLI's resolution, milliseconds.
func (e *Emulator) now() time.Time { return e.options.Now().Truncate(time.Millisecond) }
