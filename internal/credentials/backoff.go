package credentials

import (
	"math/rand/v2"
	"time"
)

// A backoff is a pause that grows with every failure. It restarts after a long time
// without failures.
type backoff struct {
	failures int
	until    time.Time
}

// fail records a failure. The pause is base, doubled for each earlier failure up to
// limit, and at least asked. A random part is added, so that replicas do not act in
// step.
func (b *backoff) fail(now time.Time, base, limit, asked time.Duration) {
	if now.Sub(b.until) > limit {
		b.failures = 0
	}
	pause := base
	for i := 0; i < b.failures && pause < limit; i++ {
		pause *= 2
	}
	pause = max(min(pause, limit), asked)
	b.failures++
	b.until = now.Add(pause + rand.N(pause/4+1)) //nolint:gosec // no secret depends on it
}

// pause returns the rest of the pause; 0 if it is over.
func (b *backoff) pause(now time.Time) time.Duration { return max(0, b.until.Sub(now)) }
