package quota

import "sync/atomic"

// A Lease is the bytes of one request or response. The zero Lease reserves without bound.
// It is safe for concurrent use.
type Lease struct {
	limits *Limits
	caller *caller // nil: the bytes are of no caller
	held   atomic.Int64
}

// Reserve takes n more bytes, until Release. What is alone always has room: one larger
// than the bound could never be served otherwise. The error is an *Error; the bytes are
// held all the same.
func (e *Lease) Reserve(n int64) error {
	if e.limits == nil || n == 0 {
		return nil
	}
	l := e.limits
	held, own, all := e.held.Add(n), e.caller.hold(n), l.bytes.Add(n)
	if err := l.exceeded(held, own); err != nil {
		return err
	}
	if held > l.smallCall && all > l.maxBytes && all > held {
		return overall("as many bytes are in flight as connsvc takes")
	}
	return nil
}

// exceeded returns the error of a call that holds held of a caller's own bytes, if those are
// too many.
func (l *Limits) exceeded(held, own int64) error {
	if most := shareOr(l.maxBytes, l.callers.quota.GetMaxBytes()); held > l.smallCall && own > most && own > held {
		return ofCaller("too many bytes of this caller are in flight")
	}
	return nil
}

// moveTo counts the bytes to another caller, and returns how many that one holds then. No
// other lease may be made of this one before.
func (e *Lease) moveTo(c *caller) int64 {
	n := e.held.Load()
	e.caller.bytes.Add(-n)
	return c.bytes.Add(n)
}

// Release gives back all bytes. It may be called again.
func (e *Lease) Release() {
	if e.limits == nil {
		return
	}
	n := e.held.Swap(0)
	e.caller.hold(-n)
	e.limits.bytes.Add(-n)
}

// Share makes e a lease of no caller, which holds nothing yet: of what several have asked for.
func (l *Limits) Share(e *Lease) { e.limits = l }

// Another makes next a lease of the same caller, which holds nothing yet.
func (e *Lease) Another(next *Lease) { next.limits, next.caller = e.limits, e.caller }
