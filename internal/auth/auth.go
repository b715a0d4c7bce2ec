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
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel/metric"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/config"
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
	// Interval is the time between two readings of the secrets; 0: 5 s.
	Interval time.Duration
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
	metrics   *metrics
	challenge string
	operators map[string]bool
	now       func() time.Time
	close     context.CancelFunc
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
	a := &Authenticator{config: cfg, metrics: m, now: o.Now, close: cancel, operators: make(map[string]bool)}
	for _, name := range cfg.GetOperators() {
		a.operators[name] = true
	}
	var tokensErr error
	if len(cfg.GetTokens()) > 0 {
		a.tokens, tokensErr = newSecrets("tokens", func(read readSecret) (tokenTable, error) { return readTokens(cfg.GetTokens(), read) }, o, m)
	}
	if err := errors.Join(tokensErr); err != nil {
		cancel()
		return nil, err
	}
	a.challenge = challenge(cfg)
	a.tokens.watch(ctx)
	return a, nil
}

// Close ends what runs in the background.
func (a *Authenticator) Close() {
	if a == nil {
		return
	}
	a.close()
	a.tokens.wait()
}

// Authenticates reports whether any kind of credentials is configured; a may be nil.
func (a *Authenticator) Authenticates() bool { return a != nil && config.Authenticates(a.config) }

// Challenge returns the WWW-Authenticate header of a rejected call.
func (a *Authenticator) Challenge() string { return a.challenge }

func challenge(*configv1.Auth) string { return `Bearer realm="connsvc"` }

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
	for _, group := range p.Groups {
		if a.operators["group:"+group] {
			return true
		}
	}
	return false
}

// Authenticate returns who sent the credentials, or an *Error.
func (a *Authenticator) Authenticate(ctx context.Context, c Credentials) (*call.Principal, error) {
	p, err := a.authenticate(ctx, c)
	a.metrics.count(ctx, p, err)
	if err != nil {
		return nil, err
	}
	return p, nil
}

func (a *Authenticator) authenticate(_ context.Context, c Credentials) (*call.Principal, *Error) {
	if len(c.Authorization) > 0 {
		if p, err := a.byHeader(c); p != nil || err != nil {
			return p, err
		}
	}
	if c.Certificate != nil && a.config.GetMtls() != nil {
		return byCertificate(c.Certificate)
	}
	if a.config.GetAnonymous() || !config.Authenticates(a.config) {
		return call.Nobody, nil
	}
	return nil, &Error{Kind: Missing}
}

// byHeader returns nil, nil for a header of a scheme that is not configured.
func (a *Authenticator) byHeader(c Credentials) (*call.Principal, *Error) {
	scheme, text, _ := strings.Cut(c.Authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || a.tokens == nil {
		return nil, nil
	}
	if len(c.Authorization) > 1 {
		return nil, &Error{Kind: Malformed, Err: errRepeated}
	}
	text = strings.Trim(text, " ")
	if text == "" || len(text) > maxAuthorization {
		return nil, &Error{Kind: Malformed, Err: errLength}
	}
	sum := sha256.Sum256([]byte(text))
	if p := a.tokens.value().find(&sum); p != nil {
		return p, nil
	}
	return nil, &Error{Kind: Unknown, Err: errUnknownToken}
}
