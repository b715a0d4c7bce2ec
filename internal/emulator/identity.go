package emulator

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// A User may have tokens from IAM by password.
type User struct {
	Domain, Name, Password string
	// Projects are those that the user's tokens may be for; nil: any that exists.
	Projects []string
}

// An Agency may be assumed by every caller that IAM knows: by a token of IAM's, or
// by a signature with an access key.
type Agency struct {
	Domain, Name string
	// Projects are those that the agency's tokens may be for; nil: any that exists.
	Projects []string
}

// A TemporaryKey is the other half of a temporary access key. It signs only
// requests that bear its security token.
type TemporaryKey struct {
	Secret, SecurityToken string
	// Expires is when it ends by the emulator's clock; zero: never.
	Expires time.Time
}

func (k TemporaryKey) valid(now time.Time) bool { return k.Expires.IsZero() || now.Before(k.Expires) }

// A token is one that IAM issued.
type token struct {
	project string // the one it is for; empty: none
	expires time.Time
}

// identities are the tokens and temporary keys that were issued.
type identities struct {
	secrets *idSource

	mu     sync.Mutex
	tokens map[string]token
	keys   map[string]TemporaryKey
	// The newest key of the metadata service, and when it makes the next.
	keyID   string
	renewAt time.Time
}

func newIdentities(seed uint64) identities {
	return identities{secrets: newIDSource(seed, secretStream), tokens: map[string]token{}, keys: map[string]TemporaryKey{}}
}

// ExpireTokens ends all tokens that IAM and all temporary keys that the metadata
// service issued, as changing a user's permissions does. Those of Options stay.
func (e *Emulator) ExpireTokens() {
	e.identities.mu.Lock()
	defer e.identities.mu.Unlock()
	clear(e.identities.tokens)
	clear(e.identities.keys)
}

// issueToken makes a token for a project. It forgets those that have expired.
func (i *identities) issueToken(project string, now time.Time, lifetime time.Duration) (string, token) {
	// Real ones are far longer than a request ID.
	text := "MII" + i.secrets.hex() + i.secrets.hex() + i.secrets.hex() + i.secrets.hex()
	t := token{project: project, expires: now.Add(lifetime)}
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.tokens, func(_ string, old token) bool { return !now.Before(old.expires) })
	i.tokens[text] = t
	return text, t
}

func (i *identities) token(text string, now time.Time) (token, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	t, ok := i.tokens[text]
	return t, ok && now.Before(t.expires)
}

// machineKey is the temporary key of the machine. It is renewed when half of its
// life is over, or when it was ended; the one before stays valid to its end.
func (i *identities) machineKey(now time.Time, lifetime time.Duration) (id string, key TemporaryKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	key, ok := i.keys[i.keyID]
	if ok && now.Before(i.renewAt) {
		return i.keyID, key
	}
	maps.DeleteFunc(i.keys, func(_ string, old TemporaryKey) bool { return !old.valid(now) })
	i.keyID, i.renewAt = strings.ToUpper(i.secrets.hex()[:20]), now.Add(lifetime/2)
	key = TemporaryKey{Secret: i.secrets.hex(), SecurityToken: i.secrets.hex() + i.secrets.hex(), Expires: now.Add(lifetime)}
	i.keys[i.keyID] = key
	return i.keyID, key
}

func (i *identities) key(id string) (TemporaryKey, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	k, ok := i.keys[id]
	return k, ok
}
