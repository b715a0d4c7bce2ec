package apply

import (
	"context"
	"errors"
	"sync"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/call"
)

// locks are mutexes by key. The zero value is ready for use.
type locks struct {
	mu    sync.Mutex
	byKey map[string]*keyLock
}

type keyLock struct {
	turn  chan struct{} // holds one value while it is locked
	users int           // turns that have not ended
	ends  int           // how often it was unlocked
}

// A turn is a call's place at a lock, which it takes before it reads what the lock guards: so
// it finds out whether that may have changed.
type turn struct {
	locks *locks
	key   string
	lock  *keyLock

	taken bool // it was locked at the start
	ends  int  // of the lock, at the start
	mine  bool
}

// turn returns a turn, which has not begun. It must be ended.
func (l *locks) turn(key string) *turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byKey == nil {
		l.byKey = map[string]*keyLock{}
	}
	k := l.byKey[key]
	if k == nil {
		k = &keyLock{turn: make(chan struct{}, 1)}
		l.byKey[key] = k
	}
	k.users++
	return &turn{locks: l, key: key, lock: k, taken: len(k.turn) > 0, ends: k.ends}
}

// wait locks. It reports whether somebody else has had the lock since the turn was made. The
// error is that of a call whose time ends before: it leaves time for the error to reach the
// caller before his own clock ends the call.
func (t *turn) wait(ctx context.Context) (missed bool, err error) {
	wait, cancel := call.KeepTime(ctx, time.Second)
	defer cancel()
	select {
	case t.lock.turn <- struct{}{}:
		t.locks.mu.Lock()
		defer t.locks.mu.Unlock()
		t.mine = true
		return t.taken || t.lock.ends != t.ends, nil
	case <-wait.Done():
		if errors.Is(wait.Err(), context.DeadlineExceeded) {
			return false, apierror.New(connsvcv1.ErrorReason_OVERLOADED, "another change of this connection is under way; retry later", wait.Err())
		}
		return false, apierror.From(wait.Err())
	}
}

// end unlocks, if the turn has begun.
func (t *turn) end() {
	l, k := t.locks, t.lock
	l.mu.Lock()
	defer l.mu.Unlock()
	if t.mine {
		k.ends++
		<-k.turn
	}
	if k.users--; k.users == 0 {
		delete(l.byKey, t.key)
	}
}
