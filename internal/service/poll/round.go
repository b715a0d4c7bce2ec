package poll

import (
	"context"
	"errors"
	"maps"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
)

const (
	// creatingFor is how long a peering that is CREATING keeps the interval short. DLI's
	// documents tell users to wait 5 to 10 minutes.
	creatingFor = 15 * time.Minute
	// goneFor is how long a connection that no list shows is remembered as deleted.
	goneFor = time.Minute
)

// errMoved ends a round: see poller.move.
var errMoved = errors.New("credentials are configured in another way")

// A round is one poll: the calls to DLI, and what they have shown.
type round struct {
	mark
	poller  *poller
	dli     DLI           // nil: the project is not configured any more
	lag     time.Duration // of lists
	prev    *State
	all     bool           // some caller wants every connection
	asks    map[string]ask // for single connections, by folded ID
	viewers []*viewer
	record  *call.Call // of the calls to DLI: see asNext
	holders call.Holders

	origins  []string // on whose behalf calls are made when those of record are rejected
	rejected []string // the origins before
	untried  bool     // there are more origins

	listed  map[string]*Entry    // nil: there was no list
	got     map[string]*Entry    // by GETs; nil: it does not exist
	open    map[string]bool      // what the list does not decide, but a GET or further lists
	failed  map[string]failure   // GETs that failed for their connection alone
	missing map[string]time.Time // see State
	late    bool                 // some GETs are left for the next round, which is to be soon
	stuck   bool                 // each GET failed: further ones would, too
}

// An ask is the interest of callers in a single connection.
type ask struct {
	id      string
	direct  bool   // a caller is interested in this connection, not in all
	confirm bool   // see Interest.Confirm
	after   uint64 // the last round that began before the last of these callers came
}

// A viewer is a subscription whose caller may not see every connection.
type viewer struct {
	sub      *Subscription
	verdicts map[string]verdict // those of the subscription, which do not change, or a copy
	copied   bool
}

// change returns the verdicts, to be changed.
func (v *viewer) change() map[string]verdict {
	if !v.copied {
		v.copied = true
		if v.verdicts = maps.Clone(v.verdicts); v.verdicts == nil {
			v.verdicts = make(map[string]verdict)
		}
	}
	return v.verdicts
}

// forget forgets the verdicts on connections that a state does not have.
func (v *viewer) forget(next *State) {
	for id := range v.verdicts {
		if next.entries[id] == nil {
			delete(v.change(), id)
		}
	}
}

// poll runs one round, and publishes what it has found.
func (p *poller) poll() {
	ctx, cancel := context.WithCancel(p.all.ctx)
	defer cancel()
	r := p.begin(cancel)
	defer func() { r.record.End() }()
	err := r.read(ctx)
	next, changed := r.next()
	next.last, next.failure = r.round, err
	if r.listed != nil || r.succeeded(err) {
		next.AsOf, next.read = r.at, r.round
	}
	p.finish(r, next, changed, err)
}

// begin starts a round for the present subscriptions.
func (p *poller) begin(cancel context.CancelFunc) *round {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	p.cancel = cancel
	p.begun++
	r := &round{
		mark: mark{p.begun, time.Now()}, poller: p, prev: p.state,
		asks: make(map[string]ask), got: make(map[string]*Entry), open: make(map[string]bool),
		failed: make(map[string]failure),
	}
	r.origins, r.untried = p.choose()
	for s := range p.subs {
		s.urgent = false
		r.holders = s.interest.Caller.Shared // the same of each
		r.all = r.all || s.interest.All
		for id, asked := range s.ids {
			a := r.asks[id]
			r.asks[id] = ask{asked, a.direct || !s.interest.All, a.confirm || s.interest.Confirm, max(a.after, s.after)}
		}
		if s.interest.Caller.Visible != nil {
			r.viewers = append(r.viewers, &viewer{sub: s, verdicts: s.verdicts})
		}
	}
	if !r.asNext() {
		r.record = &call.Call{} // nobody is left: no call is made
	}
	return r
}

// read makes the calls of a round. Its error is that of the round as a whole.
func (r *round) read(ctx context.Context) error {
	dli, err := r.poller.all.dli(r.poller.key.project)
	if err != nil {
		return apierror.FromDLI(err, apierror.Subject{Project: r.poller.key.project})
	}
	r.dli = dli
	if r.dli.CallersOwn() != r.poller.key.own {
		return errMoved
	}
	if r.lag = r.dli.Idempotency().GetListLag().AsDuration(); r.lag <= 0 {
		r.lag = config.DefaultListLag
	}
	switch {
	case r.all || len(r.asks) > 1:
		return r.listAndGet(ctx)
	default:
		for id, a := range r.asks {
			return r.get(ctx, id, a.id)
		}
		return nil
	}
}

// succeeded reports whether a round has read what callers are interested in, given its error
// as a whole. What a list shows counts, whatever single GETs have failed.
func (r *round) succeeded(err error) bool {
	return err == nil && (r.listed != nil || len(r.failed) == 0)
}

// see returns the entry of a connection as it was read, and judges whether callers may see
// it: its hosts are not kept.
func (r *round) see(id string, c *connsvcv1.EnhancedConnection) *Entry {
	e := &Entry{Conn: c, Hash: HashOf(c), changed: r.at}
	for _, v := range r.viewers {
		if judged, ok := v.verdicts[id]; !ok || !judged.of.Same(e) {
			v.change()[id] = verdict{e, v.sub.interest.Caller.Sees(c)}
		}
	}
	c.Hosts = nil
	return e
}

// next returns the state after a round, and whether a connection differs.
func (r *round) next() (next *State, changed bool) {
	next = &State{AsOf: r.prev.AsOf, read: r.prev.read, entries: maps.Clone(r.prev.entries), gone: maps.Clone(r.prev.gone), missing: r.missing}
	if r.listed == nil {
		next.missing = r.prev.missing
	}
	if next.entries == nil {
		next.entries, next.gone = make(map[string]*Entry), make(map[string]mark)
	}
	for id, e := range r.listed {
		if _, decided := r.got[id]; !decided && !r.open[id] && next.gone[id].round == 0 {
			changed = r.put(next, id, e) || changed
		}
	}
	for id, e := range r.got {
		if e == nil {
			changed = changed || next.entries[id] != nil
			delete(next.entries, id)
			next.gone[id] = r.mark
			continue
		}
		delete(next.gone, id)
		if listed := r.listed[id]; listed != nil && e.Conn.IsPrivis == nil {
			e.Conn.IsPrivis = listed.Conn.IsPrivis
		}
		changed = r.put(next, id, e) || changed
	}
	if r.listed == nil && !r.all && len(r.asks) == 1 {
		// Nobody is interested in the others, and they are not kept up to date.
		maps.DeleteFunc(next.entries, func(id string, _ *Entry) bool { return r.asks[id].id == "" })
	}
	maps.DeleteFunc(next.gone, func(id string, m mark) bool { return r.listed[id] == nil && r.at.Sub(m.at) > goneFor })
	next.failed = r.failures()
	next.sorted = sortEntries(next.entries)
	return next, changed
}

// put adds a connection as it was read, and reports whether it differs.
func (r *round) put(next *State, id string, e *Entry) bool {
	known := r.prev.entries[id]
	if known == nil {
		next.entries[id] = e
		return true
	}
	learned := known.Conn.IsPrivis == nil && e.Conn.IsPrivis != nil // which is no difference
	if e.Conn.IsPrivis == nil {
		e.Conn.IsPrivis = known.Conn.IsPrivis
	}
	switch same := known.Same(e); {
	case !same:
		next.entries[id] = e
		return true
	case e.got.round > 0 || learned:
		e.changed = known.changed
		if e.got.round == 0 {
			e.got = known.got
		}
		next.entries[id] = e
	}
	return false
}

// creating reports whether a peering that callers are interested in is being created, of a
// connection that this round could read, by a list or a GET.
func (r *round) creating(next *State) bool {
	for id, e := range next.entries {
		if _, failed := next.failed[id]; failed && r.listed[id] == nil {
			continue
		}
		if (r.all || r.asks[id].id != "") && creating(e.Conn) && r.at.Sub(e.changed) < creatingFor {
			return true
		}
	}
	return false
}
