package create

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// clockSlack is how far clocks within DLI may differ: the one of its Date header and
// the one of create_time.
const clockSlack = 5 * time.Second

// sightings are the connections that DLI's lists have shown to a create, by ID. Lists
// lag, and differ by the machine that responds, so one that was shown stays.
type sightings map[string]sighting

type sighting struct {
	conn  *connsvcv1.EnhancedConnection // as last shown
	since time.Time                     // when it was first shown
}

func (s sightings) add(conn *connsvcv1.EnhancedConnection) {
	since := time.Now()
	if first, ok := s[conn.GetId()]; ok {
		since = first.since
	}
	s[conn.GetId()] = sighting{conn, since}
}

// byAge orders connections alike in every replica: by age, then by ID.
func (s sightings) byAge() []*connsvcv1.EnhancedConnection {
	all := make([]*connsvcv1.EnhancedConnection, 0, len(s))
	for _, each := range s {
		all = append(all, each.conn)
	}
	slices.SortFunc(all, func(a, b *connsvcv1.EnhancedConnection) int {
		return cmp.Or(a.GetCreateTime().AsTime().Compare(b.GetCreateTime().AsTime()), cmp.Compare(a.GetId(), b.GetId()))
	})
	return all
}

// A look is what DLI's lists show at one time.
type look struct {
	named  []*connsvcv1.EnhancedConnection
	tagged []*connsvcv1.EnhancedConnection
	listed time.Time // when the last list was asked for
}

// look lists the connections of the name, then those with the request_id.
func (n *creation) look(ctx context.Context) (l look, err error) {
	l.listed = time.Now()
	l.named, err = n.list(ctx, n.named)
	if err != nil || len(l.named) == 0 || n.tag == nil {
		return l, err
	}
	l.listed = time.Now()
	l.tagged, err = n.list(ctx, n.tagged, n.tag)
	return l, err
}

func contains(conns []*connsvcv1.EnhancedConnection, id string) bool {
	return slices.ContainsFunc(conns, func(c *connsvcv1.EnhancedConnection) bool { return c.GetId() == id })
}

// mustShow reports whether a list asked for at the given time must show a connection and
// its tags: it is older than listLag then, by this machine's clock since it was first
// shown, or by DLI's clocks, which differ.
func (n *creation) mustShow(s sighting, at time.Time) bool {
	if at.Sub(s.since) >= n.listLag {
		return true
	}
	ahead, known := n.dli.Skew()
	return known && at.Add(ahead).Sub(s.conn.GetCreateTime().AsTime()) >= n.listLag+clockSlack
}

// seen are all connections of the name that were shown, without those that are gone.
func (n *creation) seen() []*connsvcv1.EnhancedConnection {
	all := maps.Clone(n.named)
	maps.Copy(all, n.tagged)
	maps.DeleteFunc(all, func(id string, _ sighting) bool { return n.gone[id] })
	return all.byAge()
}
