package apply

import (
	"slices"
	"strings"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	// maxElements is how many elements of a list a difference shows, and maxNames how many
	// names a step.
	maxElements = 100
	maxNames    = 20
)

// The fields of a spec that are lists which DLI can change, as allow_empty names them.
const (
	queuesField = "queues"
	poolsField  = "elastic_resource_pools"
	hostsField  = "hosts"
	routesField = "routes"
	grantsField = "granted_project_ids"
)

// changes are how a connection differs from how it is wanted.
type changes struct {
	replaced              []*connsvcv1.FieldDifference // what DLI cannot change
	peerings              peeringChanges
	addHosts, removeHosts []*connsvcv1.Host
	routes                routeChanges
	grant, revoke         []string
}

// wants reports whether a list is compared: it has elements, or is wanted empty.
func (t *target) wants(field string, elements int) bool {
	return elements > 0 || slices.Contains(t.spec.GetAllowEmpty(), field)
}

// compare compares a connection with how it is wanted; grantees are the projects that have
// BIND_QUEUE.
func (t *target) compare(conn *connsvcv1.EnhancedConnection, grantees []string) *changes {
	s, c := t.spec, &changes{}
	for _, f := range []struct{ name, wanted, is string }{
		{"dest_vpc_id", s.GetDestVpcId(), conn.GetDestVpcId()},
		{"dest_network_id", s.GetDestNetworkId(), conn.GetDestNetworkId()},
	} {
		if !strings.EqualFold(f.wanted, f.is) {
			c.replaced = append(c.replaced, differing(f.name, one(f.wanted), one(f.is)))
		}
	}
	c.peerings = t.comparePeerings(conn)
	if t.wants(hostsField, len(s.GetHosts())) {
		c.addHosts, c.removeHosts = compareHosts(s.GetHosts(), conn.GetHosts())
	}
	if t.wants(routesField, len(s.GetRoutes())) {
		c.routes = compareRoutes(s.GetRoutes(), conn.GetRoutes())
	}
	if t.wants(grantsField, len(s.GetGrantedProjectIds())) {
		c.grant, c.revoke = without(s.GetGrantedProjectIds(), grantees), without(grantees, s.GetGrantedProjectIds())
	}
	return c
}

func one(value string) []string {
	if value == "" {
		return nil
	}
	return []string{value}
}

// fields are the fields that differ, in the order of EnhancedConnectionSpec.
func (c *changes) fields() []*connsvcv1.FieldDifference {
	all := slices.Clone(c.replaced)
	add := func(name string, wanted, unwanted []string) {
		if len(wanted)+len(unwanted) > 0 {
			all = append(all, differing(name, wanted, unwanted))
		}
	}
	add(queuesField, c.peerings.bindQueues, c.peerings.unbindQueues)
	add(poolsField, c.peerings.bindPools, c.peerings.unbindPools)
	if len(c.addHosts)+len(c.removeHosts) > 0 {
		f := differing(hostsField, texts(c.addHosts), texts(c.removeHosts))
		f.AddCount, f.RemoveCount = count(c.addHosts), count(c.removeHosts)
		all = append(all, f)
	}
	var routes, unwanted []string
	for _, r := range c.routes.add {
		routes = append(routes, r.GetName()+"="+r.GetCidr())
	}
	for _, change := range c.routes.change {
		routes = append(routes, change.add.GetName()+"="+change.add.GetCidr())
		for _, r := range change.delete {
			unwanted = append(unwanted, r.GetName()+"="+r.GetCidr())
		}
	}
	for _, r := range c.routes.remove {
		unwanted = append(unwanted, r.GetName()+"="+r.GetCidr())
	}
	add(routesField, routes, unwanted)
	add(grantsField, c.grant, c.revoke)
	return all
}

// differing is a field that differs, with the first elements of its lists.
func differing(name string, add, remove []string) *connsvcv1.FieldDifference {
	return &connsvcv1.FieldDifference{
		Field: name, ToAdd: first(add, maxElements), AddCount: count(add), ToRemove: first(remove, maxElements), RemoveCount: count(remove),
	}
}

// texts are the first hosts as text.
func texts(hosts []*connsvcv1.Host) []string {
	var all []string
	for _, h := range first(hosts, maxElements) {
		all = append(all, h.GetName()+"="+h.GetIp())
	}
	return all
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

func count[T any](list []T) int32 { return int32(len(list)) } //nolint:gosec // fits into memory

// difference describes the changes.
func (c *changes) difference(name, id string) *connsvcv1.ConnectionDifference {
	d := &connsvcv1.ConnectionDifference{Name: name, ConnectionId: id, Kind: connsvcv1.ConnectionDifference_SAME, Fields: c.fields()}
	switch {
	case len(c.replaced) > 0:
		d.Kind = connsvcv1.ConnectionDifference_REPLACED
	case len(d.GetFields()) > 0:
		d.Kind = connsvcv1.ConnectionDifference_CHANGED
	}
	return d
}

// none reports whether nothing differs.
func (c *changes) none() bool { return len(c.fields()) == 0 }
