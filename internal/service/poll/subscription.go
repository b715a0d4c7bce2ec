package poll

import "time"

// A Subscription is one caller's share of a poller.
type Subscription struct {
	pollers  *Pollers
	interest Interest

	// The fields below are guarded by pollers.mu.
	poller *poller
	after  uint64            // the last round that began before the caller came: see Renew
	ids    map[string]string // not yet resolved: see Interest.IDs
	urgent bool              // it has asked since the last round began
	err    error
	// verdicts are the results of the caller's Visible. The map does not change: it is replaced.
	verdicts map[string]verdict
}

// A verdict is whether a caller may see a connection, as it was then.
type verdict struct {
	of   *Entry
	sees bool
}

// Leave ends the subscription. It may be called again.
func (s *Subscription) Leave() {
	s.pollers.mu.Lock()
	defer s.pollers.mu.Unlock()
	s.poller.drop(s)
}

// View returns what is known now.
func (s *Subscription) View() View {
	s.pollers.mu.Lock()
	defer s.pollers.mu.Unlock()
	return View{
		State: s.poller.state, Changed: s.poller.changed, Err: s.err,
		begun: s.poller.begun, after: s.after, filtered: s.interest.Caller.Visible != nil, verdicts: s.verdicts,
	}
}

// Ask adds interest in single connections: see Interest.IDs.
func (s *Subscription) Ask(ids ...string) {
	s.pollers.mu.Lock()
	defer s.pollers.mu.Unlock()
	for _, id := range ids {
		if _, asked := s.ids[fold(id)]; !asked {
			s.ids[fold(id)] = id
			s.urgent = true
		}
	}
	if s.urgent {
		s.poller.wakeUp()
	}
}

// Resolve ends the interest in single connections: the caller knows what became of them.
func (s *Subscription) Resolve(ids ...string) {
	s.pollers.mu.Lock()
	defer s.pollers.mu.Unlock()
	for _, id := range ids {
		delete(s.ids, fold(id))
	}
}

// Renew makes the subscription as one that joins now: what was read before counts no more.
func (s *Subscription) Renew() {
	s.pollers.mu.Lock()
	defer s.pollers.mu.Unlock()
	s.after, s.urgent = s.poller.begun, true
	s.poller.wakeUp()
}

// A View is a state as one caller may see it.
type View struct {
	*State
	// Changed is closed when there is another View.
	Changed <-chan struct{}
	// Err ends the subscription: polling cannot succeed for this caller.
	Err error

	begun    uint64 // the last round that has begun
	after    uint64
	filtered bool
	verdicts map[string]verdict
}

// Read reports whether DLI was read since the caller came.
func (v View) Read() bool { return v.read > v.after }

// Asked reports whether a poll has begun since the caller came.
func (v View) Asked() bool { return v.begun > v.after }

// Failure returns why a connection could not be read last since the caller came, or why it
// is not read yet; nil if it could.
func (v View) Failure(id string) error {
	if v.failure != nil && (v.last > v.after || time.Now().Before(v.waits)) {
		return v.failure
	}
	if f := v.failed[fold(id)]; f.round > v.after {
		return f.err
	}
	return nil
}

// AskedFor returns when DLI was asked for what is known of an entry.
func (v View) AskedFor(e *Entry) time.Time {
	at := v.AsOf
	for _, other := range []time.Time{e.changed, e.got.at} {
		if other.After(at) {
			at = other
		}
	}
	return at
}

// Entry returns a connection; nil if it is not known, or the caller may not see it.
func (v View) Entry(id string) *Entry {
	if e := v.entries[fold(id)]; e != nil && v.sees(e) {
		return e
	}
	return nil
}

// Confirmed returns a connection that a GET has shown since the caller came.
func (v View) Confirmed(id string) *Entry {
	if e := v.Entry(id); e != nil && e.got.round > v.after {
		return e
	}
	return nil
}

// Gone reports whether a connection is proven not to exist for the caller.
func (v View) Gone(id string) bool {
	id = fold(id)
	if e := v.entries[id]; e != nil {
		judged, ok := v.verdicts[id]
		return v.filtered && ok && !judged.sees
	}
	return v.gone[id].round > v.after
}

// Entries calls yield with each connection that the caller may see, oldest first, until
// it returns false.
func (v View) Entries(yield func(*Entry) bool) {
	for _, e := range v.sorted {
		if v.sees(e) && !yield(e) {
			return
		}
	}
}

// A connection that changed is visible as it was judged last, until it is judged again.
func (v View) sees(e *Entry) bool {
	return !v.filtered || v.verdicts[fold(e.Conn.GetId())].sees
}

// A mark is when something was read.
type mark struct {
	round uint64
	at    time.Time
}
