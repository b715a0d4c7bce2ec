package quota

import "time"

// A Kind is what the bounds distinguish of calls.
type Kind int

// The kinds of calls.
const (
	Ordinary Kind = iota
	// Create is a call that counts as a create, too.
	Create
	// Long is a call that mostly waits: it has a bound of its own, as those who wait must not
	// take the places of those who do not.
	Long
)

// A Place is what one call holds, from its first byte to its last. The zero Place holds
// nothing. Its methods are called one after the other, but for Reserve.
type Place struct {
	Lease
	kind              Kind
	waiting, inFlight bool
}

// Begin counts a call whose request is still arriving: it takes no place in max_calls
// yet, which one that never arrives would keep. It must be ended, even after an error,
// which is an *Error.
func (l *Limits) Begin(p *Place, key Key, kind Kind) error { return l.begin(p, key, kind, true) }

// BeginUnidentified is Begin of a call whose caller shows only when it has arrived: until
// Identify it is counted to whoever has its address, but takes nothing of a rate.
func (l *Limits) BeginUnidentified(p *Place, address Key, kind Kind) error {
	return l.begin(p, address, kind, false)
}

func (l *Limits) begin(p *Place, key Key, kind Kind, identified bool) error {
	if err := l.full(kind); err != nil {
		return err
	}
	t := &l.callers
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(key)
	p.limits, p.caller, p.kind = l, c, kind
	if identified {
		if err := c.take(kind); err != nil {
			return err
		}
	}
	if c.waiting >= share(l.maxWaiting) {
		return tooManyArriving()
	}
	if l.waiting.Load() >= l.maxWaiting {
		return overall("too many calls have not arrived completely")
	}
	l.waiting.Add(1)
	c.waiting++
	p.waiting = true
	return nil
}

// Identify counts a call that has not been admitted to its caller, with all that it holds,
// and takes it of the caller's rates. The error is an *Error.
func (p *Place) Identify(key Key) error {
	if p.limits == nil {
		return nil
	}
	l := p.limits
	l.callers.mu.Lock()
	defer l.callers.mu.Unlock()
	c := l.callers.of(key)
	own := p.moveTo(c)
	if p.waiting {
		p.caller.waiting--
		c.waiting++
	}
	p.caller = c
	if err := c.take(p.kind); err != nil {
		return err
	}
	if c.waiting > share(l.maxWaiting) {
		return tooManyArriving()
	}
	return l.exceeded(p.held.Load(), own)
}

// take takes one call of the caller's rates. It is called with callers.mu held.
func (c *caller) take(kind Kind) error {
	now := time.Now()
	if wait := take(c.callRate, now); wait > 0 {
		return tooFast("calls per second", wait)
	}
	if kind == Create {
		return c.takeCreate(now)
	}
	return nil
}

// takeCreate takes one create of the caller's rate. It is called with callers.mu held.
func (c *caller) takeCreate(now time.Time) error {
	if wait := take(c.createRate, now); wait > 0 {
		return tooFast("creates per minute", wait)
	}
	return nil
}

// full returns the error of a call for which there is no place, or nil.
func (l *Limits) full(kind Kind) error {
	switch {
	case kind == Long && l.long.Load() >= l.maxLong:
		return overall("as many waits and watches are in flight as connsvc takes")
	case kind != Long && l.calls.Load() >= l.maxCalls:
		return overall("as many calls are in flight as connsvc takes")
	default:
		return nil
	}
}

func tooManyArriving() *Error {
	return ofCaller("too many calls of this caller have not arrived completely")
}

func tooFast(what string, wait time.Duration) *Error {
	e := ofCaller("the caller makes more " + what + " than its quota")
	e.RetryAfter = wait
	return e
}

// Admit takes a place in flight for a call that has arrived completely. The error is an
// *Error.
func (p *Place) Admit() error {
	if p.inFlight || p.limits == nil {
		return nil
	}
	l, c := p.limits, p.caller
	quota := l.callers.quota
	l.callers.mu.Lock()
	defer l.callers.mu.Unlock()
	if err := l.full(p.kind); err != nil {
		return err
	}
	switch {
	case p.kind == Long && c.long >= share(l.maxLong):
		return ofCaller("too many waits and watches of this caller are in flight")
	case p.kind != Long && c.calls >= shareOr(l.maxCalls, int64(quota.GetMaxCalls())):
		return ofCaller("too many calls of this caller are in flight")
	case p.kind == Create && p.tooManyCreates():
		return tooManyInFlight()
	}
	p.leaveWaiting()
	p.inFlight = true
	p.count(1)
	return nil
}

// Create counts an Ordinary call that is in flight as a Create from now on: it has turned out
// to be one. The error is an *Error.
func (p *Place) Create() error {
	if p.kind != Ordinary || !p.inFlight {
		return nil
	}
	p.limits.callers.mu.Lock()
	defer p.limits.callers.mu.Unlock()
	if p.tooManyCreates() {
		return tooManyInFlight()
	}
	if err := p.caller.takeCreate(time.Now()); err != nil {
		return err
	}
	p.kind = Create
	p.caller.creates++
	return nil
}

// tooManyCreates reports whether the caller may have no more creates in flight. It is called
// with callers.mu held.
func (p *Place) tooManyCreates() bool {
	most := int64(p.limits.callers.quota.GetMaxCreates())
	return most > 0 && p.caller.creates >= most
}

func tooManyInFlight() *Error {
	return ofCaller("too many creates of this caller are in flight")
}

// count adds to the calls in flight. It is called with callers.mu held.
func (p *Place) count(n int64) {
	l, c := p.limits, p.caller
	if p.kind == Long {
		l.long.Add(n)
		c.long += n
		return
	}
	l.calls.Add(n)
	c.calls += n
	if p.kind == Create {
		c.creates += n
	}
}

// leaveWaiting is called with callers.mu held.
func (p *Place) leaveWaiting() {
	if p.waiting {
		p.waiting = false
		p.limits.waiting.Add(-1)
		p.caller.waiting--
	}
}

// End gives back all that the call holds.
func (p *Place) End() {
	if p.limits == nil {
		return
	}
	p.Release()
	p.limits.callers.mu.Lock()
	defer p.limits.callers.mu.Unlock()
	p.leaveWaiting()
	if p.inFlight {
		p.inFlight = false
		p.count(-1)
	}
}

// Caller names the caller of the call; callers without room in the table have one name.
func (p *Place) Caller() string {
	if p.caller == nil {
		return ""
	}
	return p.caller.name
}
