package apply

import (
	"net/netip"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// routeChanges are changes of routes. DLI cannot change a route, and names and
// destinations are unique: one that takes the name or the destination of another that is
// not wanted can be added only after that is deleted.
type routeChanges struct {
	add    []*connsvcv1.RouteSpec
	change []routeChange
	remove []*connsvcv1.Route
}

// A routeChange is a route to add, and those to delete right before.
type routeChange struct {
	add    *connsvcv1.RouteSpec
	delete []*connsvcv1.Route
}

func compareRoutes(wanted []*connsvcv1.RouteSpec, there []*connsvcv1.Route) routeChanges {
	byName := make(map[string]*connsvcv1.Route, len(there))
	for _, r := range there {
		byName[r.GetName()] = r
	}
	kept := make(map[string]bool, len(wanted))
	var missing []*connsvcv1.RouteSpec
	for _, w := range wanted {
		if r := byName[w.GetName()]; r != nil && destination(r.GetCidr()) == destination(w.GetCidr()) {
			kept[w.GetName()] = true
		} else {
			missing = append(missing, w)
		}
	}
	byDestination := make(map[string]*connsvcv1.Route, len(there))
	for _, r := range there {
		if !kept[r.GetName()] {
			byDestination[destination(r.GetCidr())] = r
		}
	}
	var c routeChanges
	deleted := make(map[string]bool)
	for _, w := range missing {
		change := routeChange{add: w}
		changes := false
		for _, r := range []*connsvcv1.Route{byName[w.GetName()], byDestination[destination(w.GetCidr())]} {
			if r == nil {
				continue
			}
			changes = true
			if !deleted[r.GetName()] {
				deleted[r.GetName()] = true
				change.delete = append(change.delete, r)
			}
		}
		if changes {
			c.change = append(c.change, change)
		} else {
			c.add = append(c.add, w)
		}
	}
	for _, r := range there {
		if !kept[r.GetName()] && !deleted[r.GetName()] {
			c.remove = append(c.remove, r)
		}
	}
	return c
}

// destination is a cidr in one form: DLI takes addresses without a prefix length, and host
// bits.
func destination(cidr string) string {
	if p, err := netip.ParsePrefix(cidr); err == nil {
		return p.Masked().String()
	}
	if a, err := netip.ParseAddr(cidr); err == nil {
		return netip.PrefixFrom(a, a.BitLen()).String()
	}
	return strings.ToLower(cidr)
}
