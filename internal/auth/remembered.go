package auth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/connsvc/connsvc/internal/call"
)

const (
	// maxRemembered limits the tokens that are remembered.
	maxRemembered = 10_000
	// rememberFor is how long a token is remembered: a key that its issuer has withdrawn must
	// not count until the token expires.
	rememberFor = 10 * time.Minute
)

// remembered are verified tokens, by hash: a signature costs more than all else of a call.
type remembered struct {
	mu   sync.RWMutex
	held map[[sha256.Size]byte]memory
}

type memory struct {
	issuer    *issuer // that verified it
	principal *call.Principal
	until     time.Time
}

func newRemembered() *remembered {
	return &remembered{held: make(map[[sha256.Size]byte]memory)}
}

// get returns who a token belongs to, and by which issuer; nil where it is not remembered.
func (r *remembered) get(sum [sha256.Size]byte, now time.Time) (*issuer, *call.Principal) {
	r.mu.RLock()
	m, ok := r.held[sum]
	r.mu.RUnlock()
	if !ok || !now.Before(m.until) {
		return nil, nil
	}
	return m.issuer, m.principal
}

// add remembers a token until it expires. Where there is no room, any other token is
// verified again.
func (r *remembered) add(sum [sha256.Size]byte, i *issuer, p *call.Principal, now, expires time.Time) {
	if limit := now.Add(rememberFor); expires.After(limit) {
		expires = limit
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.held) >= maxRemembered {
		for old, m := range r.held {
			if delete(r.held, old); !now.Before(m.until) {
				continue
			}
			break
		}
	}
	r.held[sum] = memory{i, p, expires}
}
