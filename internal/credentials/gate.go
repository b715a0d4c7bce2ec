package credentials

import (
	"context"
	"sync"
	"time"
)

// maxInside limits concurrent requests for tokens, once IAM has accepted the password
// or key.
const maxInside = 8

// A gate keeps IAM from locking a user. IAM counts wrong passwords, commonly five in
// a quarter of an hour, and then locks the user for everyone; each project that needs
// a token would count as one.
//
// Until IAM accepts the secret, one project asks at a time. When IAM rejects it,
// nobody asks for 5 minutes, then 10, up to an hour, or until the secret changes.
// Keystone, the origin of IAM, also answers 401 if a user has no access to a project,
// and callers choose the project. So a rejection for a project that never had a
// token, while others have theirs, stops only such projects: for 2 minutes, then 4,
// up to an hour.
type gate struct {
	now func() time.Time

	mu        sync.Mutex
	version   int // of the secret; the fields below are about it
	proven    bool
	all       backoff
	strangers backoff
	inside    int
	changed   chan struct{} // closed at each leave
}

func newGate(now func() time.Time) *gate { return &gate{now: now, changed: make(chan struct{})} }

// pause returns how long no request is allowed with this version of the secret, for
// projects that had a token before (known) or for others.
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

// enter waits for a turn and returns the credential of that moment. It returns a
// pause instead of a turn if no request is allowed by then, and an error if ctx ends
// first.
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

// leave ends the turn with IAM's result. It returns the pause after a rejection.
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
	case err.Kind != Rejected:
	case known || !g.proven:
		g.proven = false
		g.all.fail(now, 5*time.Minute, time.Hour, 0)
	default:
		g.strangers.fail(now, 2*time.Minute, time.Hour, 0)
	}
	return g.pauseLocked(version, known)
}
