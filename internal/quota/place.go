package quota

import "time"

// A Place is what one call holds, from its first byte to its last. The zero Place holds
// nothing. Its methods are called one after the other, but for Reserve.
type Place struct {
	Lease
	create            bool
	waiting, inFlight bool
}

// Begin counts a call whose request is still arriving: it takes no place in max_calls
// yet, which one that never arrives would keep. It must be ended, even after an error,
// which is an *Error.
func (l *Limits) Begin(p *Place, key Key, create bool) error {
	if l.calls.Load() >= l.maxCalls {
		return overall("as many calls are in flight as connsvc takes")
	}
	now := time.Now()
	t := &l.callers
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.of(key)
	p.limits, p.caller, p.create = l, c, create
	if wait := take(c.callRate, now); wait > 0 {
		return tooFast("calls per second", wait)
	}
	if create {
		if wait := take(c.createRate, now); wait > 0 {
			return tooFast("creates per minute", wait)
		}
	}
	if c.waiting >= share(l.maxWaiting) {
		return ofCaller("too many calls of this caller have not arrived completely")
	}
	if l.waiting.Load() >= l.maxWaiting {
		return overall("too many calls have not arrived completely")
	}
	l.waiting.Add(1)
	c.waiting++
	p.waiting = true
	return nil
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
	switch {
	case l.calls.Load() >= l.maxCalls:
		return overall("as many calls are in flight as connsvc takes")
	case c.calls >= shareOr(l.maxCalls, int64(quota.GetMaxCalls())):
		return ofCaller("too many calls of this caller are in flight")
	case p.create && quota.GetMaxCreates() > 0 && c.creates >= int64(quota.GetMaxCreates()):
		return ofCaller("too many creates of this caller are in flight")
	}
	p.leaveWaiting()
	p.inFlight = true
	l.calls.Add(1)
	c.calls++
	if p.create {
		c.creates++
	}
	return nil
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
	l, c := p.limits, p.caller
	l.callers.mu.Lock()
	defer l.callers.mu.Unlock()
	p.leaveWaiting()
	if p.inFlight {
		p.inFlight = false
		l.calls.Add(-1)
		c.calls--
		if p.create {
			c.creates--
		}
	}
}

// Caller names the caller of the call in an error.
func (p *Place) Caller() string {
	if p.caller == nil {
		return ""
	}
	return p.caller.key.String()
}
