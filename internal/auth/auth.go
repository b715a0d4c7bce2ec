// Package auth authenticates callers: by static tokens, JWTs, client certificates and
// access keys, each as auth of the configuration says. It neither authorizes a call nor
// reads a request's body. No error, log line or metric contains a credential.
package auth

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/metric"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/signing"
)

// maxAuthorization limits the Authorization header, in bytes: larger ones are not parsed.
const maxAuthorization = 16 << 10

// Options are what New needs beside the configuration.
type Options struct {
	// Secret reads a secret.
	Secret func(*configv1.Secret) (string, error)
	Log    *slog.Logger
	Meter  metric.Meter
	Now    func() time.Time // nil: time.Now
	// Dir is where relative paths start.
	Dir string
	// Transport sends requests to issuers of JWTs; nil: one of its own.
	Transport http.RoundTripper
	// Interval is the time between two readings of the secrets; 0: 5 s.
	Interval time.Duration
	// Previous is what the new Authenticator replaces, at a reload; nil at the start. The new
	// one remembers the signed changes that Previous has accepted, and takes over the issuers
	// whose configuration is the same.
	Previous *Authenticator
}

// Credentials are what a caller sent, before its body is read.
type Credentials struct {
	Authorization []string          // the values of the header
	Certificate   *x509.Certificate // verified; nil without one
	Request       *http.Request     // as it came; nil over gRPC
}

// An Authenticator authenticates callers. It is safe for concurrent use.
type Authenticator struct {
	config    *configv1.Auth
	tokens    *secrets[tokenTable] // nil: not configured
	issuers   *issuers             // nil: not configured
	keys      *secrets[keyTable]   // nil: not configured
	replays   *replays
	metrics   *metrics
	challenge string
	operators map[string]bool
	now       func() time.Time
	close     func()
}

// New reads the secrets. The error joins all problems, each of which begins with its
// field.
func New(cfg *configv1.Auth, o Options) (*Authenticator, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	o.Interval = cmp.Or(o.Interval, defaultInterval)
	m, err := newMetrics(o.Meter)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	a := &Authenticator{config: cfg, metrics: m, now: o.Now, replays: newReplays(), operators: make(map[string]bool)}
	a.close = sync.OnceFunc(func() { a.end(cancel) })
	var issuers *issuers
	if o.Previous != nil {
		a.replays, issuers = o.Previous.replays, o.Previous.issuers
	}
	for _, name := range cfg.GetOperators() {
		a.operators[name] = true
	}
	var tokensErr, jwtErr, keysErr error
	if len(cfg.GetTokens()) > 0 {
		a.tokens, tokensErr = newSecrets("tokens", func(read readSecret, previous tokenTable) (tokenTable, error) {
			return readTokens(cfg.GetTokens(), read, previous)
		}, o, m)
	}
	if len(cfg.GetJwt()) > 0 {
		a.issuers, jwtErr = newIssuers(cfg.GetJwt(), o, m, issuers)
	}
	if len(cfg.GetAccessKeys()) > 0 {
		a.keys, keysErr = newSecrets("access_keys", func(read readSecret, previous keyTable) (keyTable, error) {
			return readKeys(cfg.GetAccessKeys(), read, previous)
		}, o, m)
	}
	if err := errors.Join(tokensErr, jwtErr, keysErr); err != nil {
		a.Close()
		return nil, err
	}
	a.challenge = challenge(cfg)
	a.tokens.watch(ctx)
	a.keys.watch(ctx)
	return a, nil
}

// Check reads the secrets and the files of key sets without keeping them. The error joins
// all problems, each of which begins with its field.
func Check(cfg *configv1.Auth, read func(*configv1.Secret) (string, error), dir string) error {
	_, tokensErr := readTokens(cfg.GetTokens(), read, nil)
	_, keysErr := readKeys(cfg.GetAccessKeys(), read, nil)
	problems := []error{tokensErr, keysErr}
	for i, c := range cfg.GetJwt() {
		if c.GetJwksFile() == "" {
			continue
		}
		text, err := readKeySet(c, dir)
		if err == nil {
			_, err = parseKeySet(text)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("auth.jwt[%d].jwks_file: %w", i, err))
		}
	}
	return errors.Join(problems...)
}

// Close ends what runs in the background.
func (a *Authenticator) Close() {
	if a != nil {
		a.close()
	}
}

func (a *Authenticator) end(cancel context.CancelFunc) {
	cancel()
	a.tokens.wait()
	a.issuers.close()
	a.keys.wait()
}

// Authenticates reports whether any kind of credentials is configured; a may be nil.
func (a *Authenticator) Authenticates() bool { return a != nil && config.Authenticates(a.config) }

// Challenge returns the WWW-Authenticate header of a rejected call.
func (a *Authenticator) Challenge() string { return a.challenge }

func challenge(cfg *configv1.Auth) string {
	var schemes []string
	if len(cfg.GetTokens())+len(cfg.GetJwt()) > 0 || len(cfg.GetAccessKeys()) == 0 {
		schemes = append(schemes, `Bearer realm="connsvc"`)
	}
	if len(cfg.GetAccessKeys()) > 0 {
		schemes = append(schemes, `SDK-HMAC-SHA256 realm="connsvc"`)
	}
	return strings.Join(schemes, ", ")
}

// Open reports whether something is open to everyone.
func (a *Authenticator) Open(what configv1.Auth_Open) bool {
	if !a.Authenticates() || a.config.GetAnonymous() {
		return true
	}
	for _, open := range a.config.GetAllowUnauthenticated() {
		if open == what {
			return true
		}
	}
	return false
}

// Operates reports whether p is an operator.
func (a *Authenticator) Operates(p *call.Principal) bool {
	if a.operators[p.Name] {
		return true
	}
	// A group of a JWT is its issuer's: another issuer may have one of the same name.
	prefix := "group:"
	if p.Kind == call.JWT {
		issuer, _, _ := strings.Cut(p.ID, "/")
		prefix += issuer + "/"
	}
	for _, group := range p.Groups {
		if a.operators[prefix+group] {
			return true
		}
	}
	return false
}

// Authenticate returns who sent the credentials, or an *Error. Of a signed request it
// returns the signature instead, to be verified when the body is read.
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (*call.Principal, *Signature, error) {
	p, signature, err := a.authenticate(ctx, c)
	switch {
	case err != nil:
		a.metrics.count(ctx, nil, err)
		return nil, nil, err
	case p != nil:
		a.metrics.count(ctx, p, nil)
	}
	return p, signature, nil
}

func (a *Authenticator) authenticate(ctx context.Context, c Credentials) (*call.Principal, *Signature, *Error) {
	if len(c.Authorization) > 0 {
		p, signature, err := a.byHeader(ctx, c)
		if p != nil || signature != nil || err != nil {
			return p, signature, err
		}
	}
	if c.Certificate != nil && a.config.GetMtls() != nil {
		p, err := byCertificate(c.Certificate)
		return p, nil, err
	}
	if a.config.GetAnonymous() || !a.Authenticates() {
		return call.Nobody, nil, nil
	}
	return nil, nil, &Error{Kind: Missing}
}

// byHeader returns nothing for a header of a scheme that is not configured.
func (a *Authenticator) byHeader(ctx context.Context, c Credentials) (*call.Principal, *Signature, *Error) {
	scheme, text, _ := strings.Cut(c.Authorization[0], " ")
	signed := a.keys != nil && scheme == signing.Scheme
	bearer := (a.tokens != nil || a.issuers != nil) && strings.EqualFold(scheme, "Bearer")
	switch {
	case !signed && !bearer:
		return nil, nil, nil
	case len(c.Authorization) > 1:
		return nil, nil, &Error{Kind: Malformed, Err: errRepeated}
	case len(text) > maxAuthorization:
		return nil, nil, &Error{Kind: Malformed, Err: errLength}
	case signed:
		signature, err := a.readSignature(c.Request)
		return nil, signature, err
	default:
		p, err := a.byToken(ctx, strings.Trim(text, " "))
		return p, nil, err
	}
}

func (a *Authenticator) byToken(ctx context.Context, text string) (*call.Principal, *Error) {
	if text == "" {
		return nil, &Error{Kind: Malformed, Err: errLength}
	}
	var space [2048]byte // most tokens fit, without an allocation
	sum := sha256.Sum256(append(space[:0], text...))
	if a.tokens != nil {
		if p := a.tokens.value().find(&sum); p != nil {
			return p, nil
		}
	}
	if a.issuers != nil {
		return a.issuers.authenticate(ctx, text, sum)
	}
	return nil, &Error{Kind: Unknown, Err: errUnknownToken}
}
