package iam

import (
	"maps"
	"strings"
	"sync"
	"time"
)

// Identities are those that are known. If there are none, every caller is accepted.
type Identities struct {
	// AccessKeys maps access key IDs to secret access keys, TemporaryKeys those of
	// temporary keys. Tokens are always valid, for every project.
	AccessKeys    map[string]string
	TemporaryKeys map[string]TemporaryKey
	Tokens        []string
	// Users and Agencies are those that tokens are issued for.
	Users    []User
	Agencies []Agency
	// MetadataLifetime is how long the keys of the metadata service are valid; 0: it
	// has none.
	MetadataLifetime time.Duration
	// MetadataV2 means that the metadata service gives keys only for a session token.
	MetadataV2 bool
	// TokenLifetime is how long issued tokens are valid; 0: 24 hours.
	TokenLifetime time.Duration
}

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

// A TemporaryKey is the secret of a temporary access key. It signs only requests
// with its security token.
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

// issued are the tokens and temporary keys that were issued.
type issued struct {
	secret func() string // 32 random hex digits

	mu     sync.Mutex
	tokens map[string]token
	keys   map[string]TemporaryKey
	// When each session token of the metadata service ends.
	sessions map[string]time.Time
	// The newest key of the metadata service, and when it is renewed.
	keyID   string
	renewAt time.Time
}

// ExpireTokens ends all issued tokens and temporary keys, as changing a user's
// permissions does. Those of Identities stay.
func (s *Service) ExpireTokens() {
	s.issued.mu.Lock()
	defer s.issued.mu.Unlock()
	clear(s.issued.tokens)
	clear(s.issued.keys)
}

// issueToken makes a token for a project. It forgets those that have expired.
func (i *issued) issueToken(project string, now time.Time, lifetime time.Duration) (string, token) {
	// Real ones are far longer than a request ID.
	text := "MII" + i.secret() + i.secret() + i.secret() + i.secret()
	t := token{project: project, expires: now.Add(lifetime)}
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.tokens, func(_ string, old token) bool { return !now.Before(old.expires) })
	i.tokens[text] = t
	return text, t
}

func (i *issued) token(text string, now time.Time) (token, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	t, ok := i.tokens[text]
	return t, ok && now.Before(t.expires)
}

// machineKey returns the temporary key of the machine, a new one if half of its
// lifetime is over or it was ended. The previous one stays valid to its end.
func (i *issued) machineKey(now time.Time, lifetime time.Duration) (id string, key TemporaryKey) {
	i.mu.Lock()
	defer i.mu.Unlock()
	key, ok := i.keys[i.keyID]
	if ok && now.Before(i.renewAt) {
		return i.keyID, key
	}
	maps.DeleteFunc(i.keys, func(_ string, old TemporaryKey) bool { return !old.valid(now) })
	i.keyID, i.renewAt = strings.ToUpper(i.secret()[:20]), now.Add(lifetime/2)
	key = TemporaryKey{Secret: i.secret(), SecurityToken: i.secret() + i.secret(), Expires: now.Add(lifetime)}
	i.keys[i.keyID] = key
	return i.keyID, key
}

func (i *issued) issueSession(now time.Time, lifetime time.Duration) string {
	token := i.secret()
	i.mu.Lock()
	defer i.mu.Unlock()
	maps.DeleteFunc(i.sessions, func(_ string, end time.Time) bool { return !now.Before(end) })
	i.sessions[token] = now.Add(lifetime)
	return token
}

func (i *issued) hasSession(token string, now time.Time) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return now.Before(i.sessions[token])
}

func (i *issued) key(id string) (TemporaryKey, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	k, ok := i.keys[id]
	return k, ok
}
