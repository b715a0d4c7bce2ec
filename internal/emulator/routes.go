package emulator

import (
	"net/netip"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// createRoute is dli_02_0371, and its deprecated form under /v2.0. A project that
// was granted BIND_QUEUE may add routes too.
func (e *Emulator) createRoute(c call) (proto.Message, error) {
	req := &connsvcv1.CreateRouteRequest{}
	if err := c.decodeBody(req, projectIDField, connectionIDField); err != nil {
		return nil, err
	}
	if err := checkRouteName(req.GetName()); err != nil {
		return nil, err
	}
	destination, err := parseDestination(req.GetCidr())
	if err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.find(c.project, c.connection)
	if err != nil {
		return nil, err
	}
	if err := e.checkRoute(conn, req.GetName(), destination); err != nil {
		return nil, err
	}
	route := &connsvcv1.Route{Name: req.GetName(), Cidr: req.GetCidr(), CreateTime: timestamppb.New(now)}
	conn.routes = append(conn.routes, route)
	conn.updated = now
	return &connsvcv1.CreateRouteResponse{IsSuccess: true}, nil
}

// checkRoute checks a route against the connection: routes may overlap, but two
// bear neither the same name nor the same destination.
func (e *Emulator) checkRoute(c *connection, name string, destination netip.Prefix) error {
	if e.ipv6Subnets != nil && !c.ipv6 && destination.Addr().Is6() {
		return refuse(codeParameter, "cidr: the connection does not support IPv6.")
	}
	for _, other := range c.routes {
		taken, err := parseDestination(other.GetCidr())
		if other.GetName() == name || err == nil && taken == destination {
			return exists()
		}
	}
	if most := e.options.Quirks.MaxRoutes; most > 0 && len(c.routes) >= most {
		return refuse(codeRestriction, "System restrictions. A connection has at most %d routes.", most)
	}
	return nil
}

// deleteRoute is dli_02_0372, and its deprecated form under /v2.0.
func (e *Emulator) deleteRoute(c call) (proto.Message, error) {
	if err := c.decodeQuery(&connsvcv1.DeleteRouteRequest{}); err != nil {
		return nil, err
	}
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	conn, err := e.findOwn(c.project, c.connection, "DELETE_ROUTE")
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(conn.routes, func(r *connsvcv1.Route) bool { return r.GetName() == c.route })
	if i < 0 {
		return nil, refuse(codeNoObject, "There is no route named %s", c.route)
	}
	// Answers under way share the old slice.
	conn.routes = slices.Delete(slices.Clone(conn.routes), i, i+1)
	conn.updated = now
	return &connsvcv1.DeleteRouteResponse{IsSuccess: true, Message: "Deleted"}, nil
}

func checkRouteName(name string) error {
	if !word(name, 64, "_-") {
		return refuse(codeParameter, "name: 1 to 64 letters, digits, underscores and hyphens are allowed.")
	}
	return nil
}
