package upstream

import (
	"sync"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// maxSources bounds the sources, and the projects, that a breaker knows to fail. Calls
	// of further ones are sent.
	maxSources = 10_000
	// forgetAfter is how long after its last failure a source may be forgotten for another.
	forgetAfter = time.Minute
	// silence is how long nobody has had a response when the upstream, or one of its projects,
	// is taken to be down.
	silence = 2 * time.Second
)

// A breaker rejects calls that would probably fail, and lets one through now and then to
// probe. Each source has a circuit of its own, so that a call is rejected only if earlier
// ones of its own source failed: whose calls succeed is not affected by those whose calls
// do not. When nobody has a response, one failure is enough. The zero breaker rejects none.
type breaker struct {
	failures int // in a row, that open a circuit; 0: there is no breaker
	delay    time.Duration

	mu       sync.Mutex
	circuits map[source]*circuit // of the sources that have failed
	projects map[string]*row     // of the projects whose last attempt failed
	all      row
	changes  int       // of the state of any circuit
	swept    time.Time // when circuits was last searched for what may be forgotten
}

// A source is what shares the fate of its attempts.
type source struct {
	project, caller string
	list            bool // of all connections: it may be slow where nothing else is
}

// A row is failures without a response between them.
type row struct {
	n    int
	last time.Time
	// since is when there was a response, or the first failure where that is not known.
	since time.Time
}

func (r *row) add(now time.Time) { r.n, r.last = r.n+1, now }

// A circuit is closed, open until a time, or half-open from then on.
type circuit struct {
	failed  row
	until   time.Time // zero: the circuit is closed
	probing bool      // a probe is in flight
	changed int       // breaker.changes at its last change
}

// A breakerPermit allows one attempt.
type breakerPermit struct {
	source source
	began  int  // breaker.changes then
	probe  bool // the attempt probes whether the upstream is back
}

func newBreaker(cfg *configv1.Protection) *breaker {
	return &breaker{
		failures: int(cfg.GetBreakerFailures()), delay: cfg.GetBreakerDelay().AsDuration(),
		circuits: make(map[source]*circuit), projects: make(map[string]*row),
	}
}

// openError returns why every call of a source is rejected now, or nil.
func (b *breaker) openError(s source) *Error {
	if b.failures <= 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c := b.circuits[s]; c != nil {
		return c.openError()
	}
	return nil
}

func (c *circuit) openError() *Error {
	if remaining := time.Until(c.until); remaining > 0 {
		return &Error{Kind: BreakerOpen, RetryAfter: remaining}
	}
	return nil
}

// acquire returns a permit, which must be released, or why there is none.
func (b *breaker) acquire(s source) (breakerPermit, *Error) {
	if b.failures <= 0 {
		return breakerPermit{}, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.circuits[s]
	if c == nil || c.until.IsZero() {
		return breakerPermit{source: s, began: b.changes}, nil
	}
	if err := c.openError(); err != nil {
		return breakerPermit{}, err
	}
	if c.probing {
		// If the probe fails, the delay begins anew.
		return breakerPermit{}, &Error{Kind: BreakerOpen, RetryAfter: b.delay}
	}
	c.probing = true
	b.changed(c)
	return breakerPermit{source: s, began: b.changes, probe: true}, nil
}

// changed makes the results of earlier attempts stale: a result counts only in the state in
// which its attempt began.
func (b *breaker) changed(c *circuit) {
	b.changes++
	c.changed = b.changes
}

// release records how an attempt ended.
func (b *breaker) release(p breakerPermit, v verdict) {
	if b.failures <= 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.circuits[p.source]
	switch {
	case c != nil && p.began < c.changed:
		// Stale.
	case v == alive:
		b.succeed(p.source, c, time.Now())
	case v == down, v == slow:
		b.fail(p.source, time.Now())
	case p.probe && c != nil:
		c.probing = false // the next call probes, at once
	}
}

// succeed is called with b.mu held; c may be nil.
func (b *breaker) succeed(s source, c *circuit, now time.Time) {
	b.all = row{since: now}
	delete(b.projects, s.project)
	switch {
	case c == nil:
	case c.changed == 0:
		delete(b.circuits, s)
	default:
		c.failed = row{}
		if !c.until.IsZero() {
			c.until, c.probing = time.Time{}, false
			b.changed(c)
		}
	}
}

// fail is called with b.mu held.
func (b *breaker) fail(s source, now time.Time) {
	b.all.add(now)
	project := b.projectOf(s.project, now)
	project.add(now)
	c := b.circuitOf(s, now)
	if c == nil {
		return
	}
	c.failed.add(now)
	if c.probing || c.failed.n >= b.failures || b.silent(&b.all, now) || b.silent(project, now) {
		c.until, c.probing = now.Add(b.delay), false
		b.changed(c)
	}
}

// silent reports whether a row says that nobody has a response.
func (b *breaker) silent(r *row, now time.Time) bool {
	return r.n >= b.failures && now.Sub(r.since) >= silence
}

// projectOf returns the row of a project.
func (b *breaker) projectOf(project string, now time.Time) *row {
	r := b.projects[project]
	if r == nil {
		r = &row{since: now}
		if len(b.projects) < maxSources {
			b.projects[project] = r
		}
	}
	return r
}

// circuitOf returns the circuit of a source that fails; nil if there is no room.
func (b *breaker) circuitOf(s source, now time.Time) *circuit {
	c := b.circuits[s]
	if c != nil {
		return c
	}
	if len(b.circuits) >= maxSources && !b.sweep(now) {
		return nil
	}
	c = &circuit{}
	b.circuits[s] = c
	return c
}

// sweep forgets what has not failed of late, at most once a second, and reports whether
// there is room.
func (b *breaker) sweep(now time.Time) bool {
	if now.Sub(b.swept) >= time.Second {
		b.swept = now
		for s, c := range b.circuits {
			if !c.probing && now.Sub(c.failed.last) >= forgetAfter && !now.Before(c.until) {
				delete(b.circuits, s)
			}
		}
		for project, r := range b.projects {
			if now.Sub(r.last) >= forgetAfter {
				delete(b.projects, project)
			}
		}
	}
	return len(b.circuits) < maxSources
}

// The states of a breaker, as its metric gives them.
const (
	breakerClosed   = 0
	breakerHalfOpen = 1
	breakerOpen     = 2
)

// state returns the state of the upstream. While anybody has a response it is closed, even
// if circuits are open.
func (b *breaker) state() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures <= 0 || !b.silent(&b.all, time.Now()) {
		return breakerClosed
	}
	state := int64(breakerClosed)
	for _, c := range b.circuits {
		switch {
		case c.until.IsZero():
		case c.probing:
			state = max(state, breakerHalfOpen)
		default:
			return breakerOpen
		}
	}
	return state
}
