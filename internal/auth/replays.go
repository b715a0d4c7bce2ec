package auth

import (
	"crypto/sha256"
	"maps"
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/signing"
)

// maxReplays limits the signatures that are remembered of one access key. Only valid ones
// are.
const maxReplays = 50_000

// replaysSweep is the time between two removals of signatures that are no longer valid.
const replaysSweep = time.Minute

// replays remembers the signatures of changes as long as they are valid: whoever sees a
// signed request could send it again. A reload keeps them.
type replays struct {
	mu    sync.Mutex
	held  map[string]map[[sha256.Size]byte]time.Time // by access key: until when they are valid
	swept time.Time
	limit int // of each key
}

func newReplays() *replays {
	return &replays{held: make(map[string]map[[sha256.Size]byte]time.Time), limit: maxReplays}
}

// add remembers a signature of an access key. It returns errReplayed where it is remembered
// already, signing.ErrExpired where it may have been forgotten, and errTooMany where the key
// has no room left: to forget one would let it be sent again.
func (r *replays) add(key, signature string, until, now time.Time) error {
	sum := sha256.Sum256([]byte(signature)) // the text would keep its whole header in memory
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.swept) >= replaysSweep {
		r.sweep(now)
	}
	// Another call may have swept at a later time than now, and the clock may be set back.
	if until.Before(r.swept) {
		return signing.ErrExpired
	}
	own := r.held[key]
	if _, ok := own[sum]; ok {
		return errReplayed
	}
	if len(own) >= r.limit {
		return errTooMany
	}
	if own == nil {
		own = make(map[[sha256.Size]byte]time.Time)
		r.held[key] = own
	}
	own[sum] = until
	return nil
}

// remove forgets a signature of an access key.
func (r *replays) remove(key, signature string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.held[key], sha256.Sum256([]byte(signature)))
}

func (r *replays) sweep(now time.Time) {
	r.swept = now
	for key, own := range r.held {
		maps.DeleteFunc(own, func(_ [sha256.Size]byte, until time.Time) bool { return until.Before(now) })
		if len(own) == 0 {
			delete(r.held, key)
		}
	}
}
