package credentials

import (
	"context"
	"sync"
	"time"
)

// maxInside is how many projects' tokens are asked for at once, when the password
// or key has been taken before.
const maxInside = 8

// A gate keeps one password or access key from being locked. IAM counts wrong
// passwords, commonly five in a quarter of an hour, and then locks the user for
// everybody; every project that needs a token would be one.
//
// Until IAM has once taken the secret, one project asks at a time. When it refuses
// the secret, nobody asks for 5 minutes, then 10, up to an hour, or until the
// secret changes. Keystone, which IAM stems from, gives the same 401 where a user may
// not enter a project, and which project is asked for is the caller's choice: so a
// refusal of a project that never had a token, while others have theirs, stops only
// such projects: for 2 minutes, then 4, up to an hour.
type gate struct {
	now func() time.Time

	mu        sync.Mutex
	version   int // of the secret that all below is about
	proven    bool
	all       backoff
	strangers backoff
	inside    int
	changed   chan struct{} // closed when somebody leaves
}

func newGate(now func() time.Time) *gate { return &gate{now: now, changed: make(chan struct{})} }

// pause returns how long projects that had a token before (known), or those that
// had none, must not ask with this version of the secret.
func (g *gate) pause(version int, known bool) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.pauseLocked(version, known)
}

func (g *gate) pauseLocked(version int, known bool) time.Duration {
	if version > g.version {
		g.version, g.proven = version, false
		g.all.reset()
		g.strangers.reset()
	}
	now := g.now()
	pause := g.all.pause(now)
	if !known {
		pause = max(pause, g.strangers.pause(now))
	}
	return pause
}

// enter waits for a turn to ask, and returns the credential of that moment. It
// returns a pause, without a turn, where nobody may by then, and an error if ctx
// ended first.
func (g *gate) enter(ctx context.Context, of func() credential, known bool) (credential, time.Duration, error) {
	for {
		if err := ctx.Err(); err != nil {
			return credential{}, 0, err
		}
		by := of()
		g.mu.Lock()
		if pause := g.pauseLocked(by.version, known); pause > 0 {
			g.mu.Unlock()
			return credential{}, pause, nil
		}
		if g.inside == 0 || g.proven && g.inside < maxInside {
			g.inside++
			g.mu.Unlock()
			return by, 0, nil
		}
		changed := g.changed
		g.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return credential{}, 0, ctx.Err()
		}
	}
}

// leave gives the turn back, with what IAM said. It returns how long to wait
// after a refusal.
func (g *gate) leave(version int, known bool, err *Error) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.inside--
	close(g.changed)
	g.changed = make(chan struct{})
	if version != g.version {
		return 0
	}
	now := g.now()
	switch {
	case err == nil:
		g.proven = true
		g.all.reset()
	case err.Kind != Refused:
	case known || !g.proven:
		g.proven = false
		g.all.fail(now, 5*time.Minute, time.Hour, 0)
	default:
		g.strangers.fail(now, 2*time.Minute, time.Hour, 0)
	}
	return g.pauseLocked(version, known)
}
