package emulator

import (
	"net/netip"
	"slices"

	"github.com/connsvc/connsvc/internal/emulator/wire"
)

// createRoute is dli_02_0371, and its deprecated form under /v2.0. A project with
// BIND_QUEUE may add routes too.
func (e *Emulator) createRoute(c call) (any, error) {
	req := &wire.RouteRequest{}
	if err := c.read(req); err != nil {
		return nil, err
	}
	destination, err := wire.ParseDestination(req.CIDR)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	if err := e.checkRoute(conn, req.Name, destination); err != nil {
		return nil, err
	}
	e.beforeChange(conn, c.now)
	conn.routes = append(conn.routes, wire.Route{Name: req.Name, CIDR: req.CIDR, CreateTime: c.now.UnixMilli()})
	conn.updated = c.now
	return wire.Success(""), nil
}

// checkRoute checks a new route: routes may overlap, but names and destinations are
// unique.
func (e *Emulator) checkRoute(c *connection, name string, destination netip.Prefix) error {
	if e.ipv6Subnets != nil && !c.ipv6 && destination.Addr().Is6() {
		return wire.Errorf(wire.CodeParameter, "cidr: the connection does not support IPv6.")
	}
	for _, other := range c.routes {
		taken, err := wire.ParseDestination(other.CIDR)
		if other.Name == name || err == nil && taken == destination {
			return wire.Exists()
		}
	}
	if most := e.options.Quirks.MaxRoutes; most > 0 && len(c.routes) >= most {
		return wire.Errorf(wire.CodeRestriction, "System restrictions. A connection has at most %d routes.", most)
	}
	return nil
}

// deleteRoute is dli_02_0372, and its deprecated form under /v2.0.
func (e *Emulator) deleteRoute(c call) (any, error) {
	if err := wire.ReadNoQuery(c.query); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "DELETE_ROUTE")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(conn.routes, func(r wire.Route) bool { return r.Name == c.route })
	if i < 0 {
		return nil, wire.Errorf(wire.CodeNoObject, "There is no route named %s", c.route)
	}
	e.beforeChange(conn, c.now)
	// Responses that are being written share the old slice.
	conn.routes = slices.Delete(slices.Clone(conn.routes), i, i+1)
	conn.updated = c.now
	return wire.Success("Deleted"), nil
}
