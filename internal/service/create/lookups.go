package create

import (
	"cmp"
	"context"
	"errors"
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
	conn   *connsvcv1.EnhancedConnection // as last shown
	since  time.Time                     // when it was first shown
	tagged bool                          // it has the request_id
	got    *connsvcv1.EnhancedConnection // as a GET has shown it; nil: none has
}

func (s sightings) add(conn *connsvcv1.EnhancedConnection, tagged bool) {
	each, ok := s[conn.GetId()]
	if !ok {
		each.since = time.Now()
	}
	each.conn, each.tagged = conn, each.tagged || tagged
	s[conn.GetId()] = each
}

// byAge orders connections alike in every replica: by age, then by ID. nil includes all.
func (s sightings) byAge(include func(sighting) bool) []*connsvcv1.EnhancedConnection {
	var all []*connsvcv1.EnhancedConnection
	for _, each := range s {
		if include == nil || include(each) {
			all = append(all, each.conn)
		}
	}
	slices.SortFunc(all, func(a, b *connsvcv1.EnhancedConnection) int {
		return cmp.Or(created(a).Compare(created(b)), cmp.Compare(a.GetId(), b.GetId()))
	})
	return all
}

// never is later than the age of any connection.
var never = time.Unix(1<<40, 0)

// created is when DLI made a connection. One without a time counts as new: it proves
// nothing.
func created(conn *connsvcv1.EnhancedConnection) time.Time {
	if at := conn.GetCreateTime().AsTime(); at.UnixMilli() > 0 {
		return at
	}
	return never
}

// A look is what DLI's lists show at one time.
type look struct {
	tagged []*connsvcv1.EnhancedConnection // with the request_id
	named  []*connsvcv1.EnhancedConnection // of the name; empty if there are tagged ones
	listed time.Time                       // when the first list was asked for
}

// look lists the connections with the request_id, or if it shows none those of the name.
// If one of the two fails, the other is for the error's metadata alone.
func (n *creation) look(ctx context.Context) (l look, err error) {
	l.listed = time.Now()
	if n.tag != nil {
		if l.tagged, err = n.list(ctx, n.tag); len(l.tagged) > 0 {
			return l, nil
		}
	}
	var nameErr error
	l.named, nameErr = n.list(ctx)
	return l, errors.Join(err, nameErr)
}

// search looks for the connection that the request has made, from the first look if it has
// one. It ends if that shows, and must show all rivals, or if otherwise decides, or time ends:
// decided is false then.
func (n *creation) search(ctx context.Context, first look, otherwise func(context.Context, look) bool) (own *connsvcv1.EnhancedConnection, decided bool) {
	n.poll(ctx, n.lookupsEnd, func(ctx context.Context) bool {
		l, err := first, error(nil)
		if l.listed.IsZero() {
			l, err = n.look(ctx)
		}
		first = look{}
		if err != nil {
			return false
		}
		var known bool
		own, known = n.oldest(ctx)
		decided = own != nil && n.showsRivals(l, own) || own == nil && known && otherwise(ctx, l)
		return decided
	})
	return own, decided
}

// oldest is the oldest of ours that exists; nil if there is none, or if that is not known.
func (n *creation) oldest(ctx context.Context) (conn *connsvcv1.EnhancedConnection, known bool) {
	for _, each := range n.ours() {
		if conn, known = n.exists(ctx, each.GetId()); conn != nil || !known {
			return conn, known
		}
	}
	return nil, true
}

// showsRivals reports whether a look shows own, and must show what other creates of the
// same request have made.
func (n *creation) showsRivals(l look, own *connsvcv1.EnhancedConnection) bool {
	sincePost := l.listed.Sub(n.postEnded)
	switch {
	case n.dli.UniqueNames():
		return true
	case n.tag == nil:
		return contains(l.named, own.GetId()) && sincePost >= n.listLag
	case !contains(l.tagged, own.GetId()):
		return false
	case n.lost:
		return sincePost >= max(n.listLag, n.rivalWindow)
	default:
		return n.age(own.GetId(), l.listed) >= n.rivalWindow
	}
}

func contains(conns []*connsvcv1.EnhancedConnection, id string) bool {
	return slices.ContainsFunc(conns, func(c *connsvcv1.EnhancedConnection) bool { return c.GetId() == id })
}

// age is how old a connection that was shown is at least: by this machine's clock since
// it was first shown, or by DLI's clocks, which differ.
func (n *creation) age(id string, at time.Time) time.Duration {
	s := n.seen[id]
	age := at.Sub(s.since)
	if ahead, known := n.dli.Skew(); known {
		age = max(age, at.Add(ahead-clockSlack).Sub(created(s.conn)))
	}
	return age
}

// mustShow reports whether a list asked for at the given time must show a connection that
// was shown before, and its tags.
func (n *creation) mustShow(id string, at time.Time) bool { return n.age(id, at) >= n.listLag }
