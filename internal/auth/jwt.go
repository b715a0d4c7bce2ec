package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// algorithms are those of public keys. With HMAC, a public key would be the secret.
var algorithms = []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "EdDSA"}

var (
	errUnknownIssuer = errors.New("no such issuer")
	errCritical      = errors.New("the header crit names what connsvc does not know")
	errNoID          = errors.New("the claim of id_claim is missing, empty or not a string")
)

// issuers verify JWTs, each those of one issuer.
type issuers struct {
	byName     map[string]*issuer // by the claim iss
	remembered *remembered
	now        func() time.Time
}

// An issuer verifies the tokens of one issuer. The Authenticators before and after a reload
// share it where its configuration did not change: its keys could not be read again while
// it is down.
type issuer struct {
	config *configv1.JWT
	keys   keySource
	parser *jwt.Parser
	users  atomic.Int32 // Authenticators that are not closed
	stop   context.CancelFunc
}

// newIssuers begins to read the key sets of issuers that previous, which may be nil, does
// not have.
func newIssuers(cfg []*configv1.JWT, o Options, m *metrics, previous *issuers) (*issuers, error) {
	all := &issuers{byName: make(map[string]*issuer, len(cfg)), remembered: newRemembered(), now: o.Now}
	if previous != nil {
		all.remembered = previous.remembered
	}
	var problems []error
	for i, c := range cfg {
		one, err := previous.issuer(c), error(nil)
		if one == nil {
			one, err = newIssuer(c, o, m)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("auth.jwt[%d].jwks_file: %w", i, err))
			continue
		}
		one.users.Add(1)
		all.byName[c.GetIssuer()] = one
	}
	return all, errors.Join(problems...)
}

func newIssuer(c *configv1.JWT, o Options, m *metrics) (*issuer, error) {
	ctx, stop := context.WithCancel(context.Background())
	keys, err := newKeySource(ctx, c, o, m)
	if err != nil {
		stop()
		return nil, err
	}
	return &issuer{config: c, keys: keys, stop: stop, parser: jwt.NewParser(
		jwt.WithValidMethods(algorithms), jwt.WithIssuer(c.GetIssuer()), jwt.WithAudience(c.GetAudiences()...),
		jwt.WithExpirationRequired(), jwt.WithLeeway(c.GetLeeway().AsDuration()), jwt.WithTimeFunc(o.Now),
	)}, nil
}

// issuer returns the issuer of exactly this configuration, or nil; all may be nil. One whose
// keys are no longer read is not returned.
func (all *issuers) issuer(c *configv1.JWT) *issuer {
	if all == nil {
		return nil
	}
	if i := all.byName[c.GetIssuer()]; i != nil && i.users.Load() > 0 && proto.Equal(i.config, c) {
		return i
	}
	return nil
}

// close ends the reading of key sets that no other Authenticator uses.
func (all *issuers) close() {
	if all == nil {
		return
	}
	for _, i := range all.byName {
		if i.users.Add(-1) == 0 {
			i.stop()
			i.keys.wait()
		}
	}
}

// authenticate verifies a token, whose hash is sum, unless it is remembered.
func (all *issuers) authenticate(ctx context.Context, text string, sum [sha256.Size]byte) (*call.Principal, *Error) {
	now := all.now()
	if i, p := all.remembered.get(sum, now); p != nil && all.byName[i.config.GetIssuer()] == i {
		return p, nil
	}
	var unverified jwt.RegisteredClaims
	if _, _, err := jwt.NewParser().ParseUnverified(text, &unverified); err != nil {
		return nil, &Error{Kind: Malformed, Err: errors.New("not a JWT")}
	}
	i := all.byName[unverified.Issuer]
	if i == nil {
		return nil, &Error{Kind: Unknown, Err: errUnknownIssuer}
	}
	claims := jwt.MapClaims{}
	if _, err := i.parser.ParseWithClaims(text, claims, i.key(ctx)); err != nil {
		return nil, i.rejected(err)
	}
	p, err := principalOf(claims, i.config)
	if err != nil {
		return nil, &Error{Kind: Invalid, Err: err}
	}
	if expires, err := claims.GetExpirationTime(); err == nil {
		all.remembered.add(sum, i, p, now, expires.Time)
	}
	return p, nil
}

// key finds the key of a token. A caller that leaves must not end the reading of a key set
// for the others.
func (i *issuer) key(ctx context.Context) jwt.Keyfunc {
	find := i.keys.find(context.WithoutCancel(ctx))
	return func(t *jwt.Token) (any, error) {
		if _, ok := t.Header["crit"]; ok {
			return nil, errCritical
		}
		return find(t)
	}
}

// rejected returns why a token is not accepted. The texts of golang-jwt quote no token.
func (i *issuer) rejected(err error) *Error {
	switch {
	case errors.Is(err, errNoKeys):
		return &Error{Kind: Unavailable, Err: errNoKeys}
	case errors.Is(err, jwt.ErrTokenExpired):
		return &Error{Kind: Expired, Err: jwt.ErrTokenExpired}
	case errors.Is(err, jwt.ErrTokenNotValidYet):
		return &Error{Kind: Expired, Err: jwt.ErrTokenNotValidYet}
	}
	for _, known := range []error{
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenRequiredClaimMissing, jwt.ErrTokenMalformed,
		jwt.ErrTokenSignatureInvalid, errCritical, errUnknownKey,
	} {
		if errors.Is(err, known) {
			return &Error{Kind: Invalid, Err: known}
		}
	}
	return &Error{Kind: Invalid, Err: errors.New("it cannot be verified")}
}
