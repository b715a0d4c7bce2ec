package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/signing"
)

// minSecretKey is the shortest secret access key: a signed request that is seen can be
// tried against guesses.
const minSecretKey = 32

var (
	errRESTOnly = errors.New("signed requests are accepted over REST only")
	errUnsigned = errors.New("the body is not signed (UNSIGNED-PAYLOAD)")
	errReplayed = errors.New("the signed request was received before")
	errTooMany  = errors.New("the access key has signed too many changes within the time that signatures are valid")
)

// A keyTable is the access keys of callers, by ID.
type keyTable map[string]keyEntry

type keyEntry struct {
	secret    string
	principal *call.Principal
}

// readKeys keeps of previous what cannot be read.
func readKeys(cfg []*configv1.CallerKey, read readSecret, previous keyTable) (keyTable, error) {
	table := make(keyTable, len(cfg))
	var problems []error
	for i, k := range cfg {
		text, err := read(k.GetSecret())
		if err == nil && len(text) < minSecretKey {
			err = fmt.Errorf("must have at least %d characters", minSecretKey)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("auth.access_keys[%d].secret: %w", i, err))
			text = previous[k.GetId()].secret
		}
		table[k.GetId()] = keyEntry{text, call.NewPrincipal(call.AccessKey, k.GetName(), k.GetGroups(), attributesOf(k.GetAttributes()))}
	}
	return table, errors.Join(problems...)
}

// A Signature is that of a request whose body is still to be read.
type Signature struct {
	owner  *Authenticator
	signed *signing.Signature
	key    keyEntry
}

// readSignature checks what the head of a request alone shows.
func (a *Authenticator) readSignature(r *http.Request) (*Signature, *Error) {
	if r == nil {
		return nil, &Error{Kind: Malformed, Err: errRESTOnly}
	}
	signed, err := signing.Read(r)
	if err != nil {
		return nil, &Error{Kind: Malformed, Err: err}
	}
	key, ok := a.keys.value()[signed.AccessKeyID]
	switch {
	case !ok:
		return nil, &Error{Kind: Unknown, Err: signing.ErrUnknownKey}
	case signed.Expired(a.now()):
		return nil, &Error{Kind: Expired, Err: signing.ErrExpired}
	case signed.Unsigned && r.Body != nil && r.Body != http.NoBody:
		return nil, &Error{Kind: Invalid, Err: errUnsigned}
	}
	return &Signature{a, signed, key}, nil
}

// Verify returns the principal of a request, by the SHA-256 of its raw body, or an *Error. A
// request that changes something is accepted once; of reads two equal ones are no replay, as
// clients sign by the second.
func (s *Signature) Verify(ctx context.Context, body [sha256.Size]byte, changes bool) (*call.Principal, error) {
	err := s.verify(body, changes)
	s.owner.metrics.count(ctx, s.key.principal, err)
	if err != nil {
		return nil, err
	}
	return s.key.principal, nil
}

// Forget lets a request be sent once more that was verified, but of which nothing was done.
func (s *Signature) Forget() { s.owner.replays.remove(s.signed.AccessKeyID, s.signed.Value()) }

func (s *Signature) verify(body [sha256.Size]byte, changes bool) *Error {
	if err := s.signed.Verify(s.key.secret, body); err != nil {
		return &Error{Kind: Invalid, Err: err}
	}
	now := s.owner.now()
	if s.signed.Expired(now) { // while its body arrived
		return &Error{Kind: Expired, Err: signing.ErrExpired}
	}
	if !changes {
		return nil
	}
	err := s.owner.replays.add(s.signed.AccessKeyID, s.signed.Value(), s.signed.At.Add(signing.MaxSkew), now)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errTooMany):
		return &Error{Kind: Unavailable, Err: err}
	case errors.Is(err, signing.ErrExpired):
		return &Error{Kind: Expired, Err: err}
	default:
		return &Error{Kind: Replayed, Err: err}
	}
}
