package poll

import (
	"cmp"
	"slices"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A State is what a poller knows of its project. It does not change.
type State struct {
	// AsOf is when DLI was last asked with success; zero: never yet.
	AsOf time.Time

	failure error              // of the last round as a whole; nil if it did not fail
	failed  map[string]failure // GETs that have failed for their connection alone, by folded ID
	waits   time.Time          // until then DLI is not asked, because of failure
	last    uint64             // the last round
	read    uint64             // the last round that has read what the callers ask for
	entries map[string]*Entry  // by folded ID
	sorted  []*Entry
	gone    map[string]mark // proven not to exist, by folded ID
	// missing is since when no list has shown a connection and no GET was made, by folded ID.
	missing map[string]time.Time
}

// An Entry is a connection as it was read. It does not change.
type Entry struct {
	Conn *connsvcv1.EnhancedConnection // without its hosts
	Hash Hash                          // of all its fields but is_privis, hosts included

	changed time.Time // when it was first read like this
	got     mark      // the last GET that showed it like this
}

// NewEntry returns what is known of a connection by its ID and hash alone.
func NewEntry(id string, hash Hash) *Entry {
	return &Entry{Conn: &connsvcv1.EnhancedConnection{Id: id}, Hash: hash}
}

// Same reports whether two entries of a connection show no difference. DLI's documents have
// is_privis in lists only: where it is missing, nothing is known of it.
func (e *Entry) Same(other *Entry) bool {
	a, b := e.Conn.IsPrivis, other.Conn.IsPrivis
	return e.Hash == other.Hash && (a == nil || b == nil || *a == *b)
}

// Settled reports whether no peering of a connection changes by itself: each is ACTIVE,
// or one is FAILED.
func Settled(c *connsvcv1.EnhancedConnection) bool {
	active := true
	for _, p := range peerings(c) {
		switch p.GetStatus() {
		case connsvcv1.Peering_FAILED:
			return true
		case connsvcv1.Peering_ACTIVE:
		default:
			active = false
		}
	}
	return active
}

func creating(c *connsvcv1.EnhancedConnection) bool {
	return slices.ContainsFunc(peerings(c), func(p *connsvcv1.Peering) bool { return p.GetStatus() == connsvcv1.Peering_CREATING })
}

func peerings(c *connsvcv1.EnhancedConnection) []*connsvcv1.Peering {
	return slices.Concat(c.GetAvailableQueueInfo(), c.GetElasticResourcePools())
}

// sortEntries returns entries by age, then by ID.
func sortEntries(entries map[string]*Entry) []*Entry {
	sorted := make([]*Entry, 0, len(entries))
	for _, e := range entries {
		sorted = append(sorted, e)
	}
	slices.SortFunc(sorted, func(a, b *Entry) int {
		return cmp.Or(a.Conn.GetCreateTime().AsTime().Compare(b.Conn.GetCreateTime().AsTime()), cmp.Compare(a.Conn.GetId(), b.Conn.GetId()))
	})
	return sorted
}
