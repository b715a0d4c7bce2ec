package credentials

import (
	"math/rand/v2"
	"time"
)

// A backoff is how long something is left alone, longer with every failure. A
// failure that comes long after the last pause begins anew.
type backoff struct {
	failures int
	until    time.Time
}

// fail notes a failure. The pause is base, doubled for each earlier failure up to
// limit, at least as long as asked for, and a random part longer, so that
// replicas do not keep step.
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

// pause returns how long to wait yet, 0 for none.
func (b *backoff) pause(now time.Time) time.Duration { return max(0, b.until.Sub(now)) }

func (b *backoff) reset() { *b = backoff{} }
