package quota

import "sync/atomic"

// maxAuxiliary is how many calls of health and reflection are in flight, apart from all
// others: a probe must get through when connsvc is full.
const maxAuxiliary = 1000

// Connect takes a place for a connection from an address with a port. end gives it back,
// and is called once. The error is an *Error.
func (l *Limits) Connect(peer string) (end func(), err error) {
	return l.hold(peer, &l.connections, l.maxConnections, func(c *caller) *int64 { return &c.connections }, "connections")
}

// BeginAuxiliary takes a place for a call of health or reflection, as Connect does.
func (l *Limits) BeginAuxiliary(peer string) (end func(), err error) {
	return l.hold(peer, &l.auxiliary, maxAuxiliary, func(c *caller) *int64 { return &c.auxiliary }, "calls of health and reflection")
}

func (l *Limits) hold(peer string, all *atomic.Int64, most int64, ownOf func(*caller) *int64, what string) (end func(), err error) {
	t := &l.callers
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(KeyOfAddr(peer))
	own := ownOf(c)
	switch {
	case *own >= share(most):
		return nil, ofCaller("too many " + what + " of this address are open")
	case all.Load() >= most:
		return nil, overall("too many " + what + " are open")
	}
	*own++
	all.Add(1)
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		*own--
		all.Add(-1)
	}, nil
}
