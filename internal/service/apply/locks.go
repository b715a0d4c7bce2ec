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
	users int           // who hold it or wait
}

// lock waits for its turn; the error is that of a call whose time ends before. It leaves
// time for the error to reach the caller before his own clock ends the call.
func (l *locks) lock(ctx context.Context, key string) (unlock func(), err error) {
	l.mu.Lock()
	if l.byKey == nil {
		l.byKey = map[string]*keyLock{}
	}
	k := l.byKey[key]
	if k == nil {
		k = &keyLock{turn: make(chan struct{}, 1)}
		l.byKey[key] = k
	}
	k.users++
	l.mu.Unlock()
	wait, cancel := call.KeepTime(ctx, time.Second)
	defer cancel()
	select {
	case k.turn <- struct{}{}:
		return func() {
			<-k.turn
			l.leave(key, k)
		}, nil
	case <-wait.Done():
		l.leave(key, k)
		if errors.Is(wait.Err(), context.DeadlineExceeded) {
			return nil, apierror.New(connsvcv1.ErrorReason_OVERLOADED, "another change of this connection is under way; retry later", wait.Err())
		}
		return nil, apierror.From(wait.Err())
	}
}

func (l *locks) leave(key string, k *keyLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.byKey, key)
	}
}
