package credentials

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/endpoint"
	"github.com/connsvc/connsvc/internal/signing"
)

// maxProjects limits the projects whose tokens are kept, and those that had none yet. A
// token has up to 16 KiB.
const maxProjects = 4096

// tokens sends tokens from IAM, one for each project.
type tokens struct {
	hidden
	iam      *iam
	throttle *throttle
	options  Options
	life     *life
	close    func()

	mu sync.Mutex
	// Callers choose projects: those that never had a token must not displace the others.
	served, fresh *lru[*renewer[string]]
}

func newPassword(cfg *configv1.IAMPassword, allowPlaintext bool, o Options) (Provider, error) {
	read := func() (string, error) {
		r := &reading{read: o.Secret}
		password := r.any(sourcePassword+".password", cfg.GetPassword())
		return password, r.err()
	}
	password, err := newWatched(read, !inFiles(cfg.GetPassword()), sourcePassword, o)
	type domain struct {
		Name string `json:"name"`
	}
	type user struct {
		Name     string `json:"name"`
		Password string `json:"password"`
		Domain   domain `json:"domain"`
	}
	version := func(ctx context.Context) int { return password.get(ctx).serial }
	by := identity{source: sourcePassword, version: version, credential: func(ctx context.Context) credential {
		v := password.get(ctx)
		return credential{
			version: v.serial,
			method:  "password",
			proof:   map[string]user{"user": {cfg.GetUserName(), v.value, domain{cfg.GetDomainName()}}},
			secrets: []string{v.value},
		}
	}}
	return newTokens(by, cfg.GetEndpoint(), allowPlaintext, o, err)
}

func newAgency(cfg *configv1.IAMAgency, allowPlaintext bool, o Options) (Provider, error) {
	key, err := watchAccessKey(cfg.GetAccessKey(), sourceAgency+".access_key", sourceAgency, o)
	version := func(ctx context.Context) int { return key.get(ctx).serial }
	by := identity{source: sourceAgency, version: version, credential: func(ctx context.Context) credential {
		v := key.get(ctx)
		return credential{
			version: v.serial,
			method:  "assume_role",
			// Newer documents say agency_name; older ones and Terraform xrole_name.
			proof:   map[string]string{"domain_name": cfg.GetDomainName(), "xrole_name": cfg.GetAgencyName()},
			sign:    func(r *http.Request, body []byte) { signing.Sign(r, body, v.value, o.Now()) },
			secrets: []string{v.value.AccessKeyID, v.value.SecretAccessKey, v.value.SecurityToken},
		}
	}}
	return newTokens(by, cfg.GetEndpoint(), allowPlaintext, o, err)
}

// newTokens returns the Provider of an identity; problem is that of its secrets.
func newTokens(by identity, baseURL string, allowPlaintext bool, o Options, problem error) (Provider, error) {
	base, err := endpoint.Parse(baseURL, allowPlaintext)
	if err != nil {
		err = fmt.Errorf("%s.endpoint: %w", by.source, err)
	}
	if err := errors.Join(err, problem); err != nil {
		return nil, err
	}
	// IAM's documents give its endpoint with and without the version.
	base.Path = strings.TrimSuffix(strings.TrimRight(base.Path, "/"), "/v3")
	transport, closeTransport := transportOf(o)
	return &tokens{
		iam: &iam{
			identity: by, url: join(base, "/v3/auth/tokens", "nocatalog=true"), transport: transport, now: o.Now,
		},
		throttle: newThrottle(by.source, o.Now),
		options:  o, life: newLife(o.MaxWaiting), close: closeTransport,
		served: newLRU[*renewer[string]](maxProjects), fresh: newLRU[*renewer[string]](maxProjects),
	}, nil
}

// of returns the renewer of a project's token. If there are too many, the least
// recently used one is dropped; its current callers can still use it.
func (p *tokens) of(project string) *renewer[string] {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, renewers := range [...]*lru[*renewer[string]]{p.served, p.fresh} {
		if r, ok := renewers.get(project); ok {
			return r
		}
	}
	r := &renewer[string]{source: p.throttle.source, project: project, options: p.options, life: p.life}
	r.origin = projectTokens{p, r}
	p.fresh.put(project, r)
	return r
}

// serve records that a project has a token.
func (p *tokens) serve(project string, r *renewer[string]) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh.remove(project)
	p.served.put(project, r)
}

// forget drops a project that had no token yet.
func (p *tokens) forget(project string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fresh.remove(project)
}

func (p *tokens) Ready(ctx context.Context, project, caller string) error {
	_, err := p.of(project).get(ctx, caller)
	return err
}

func (p *tokens) Authorize(ctx context.Context, r *http.Request, _ []byte, project, _ string) error {
	token, err := p.of(project).get(ctx, "")
	if err != nil {
		return err
	}
	r.Header.Set(headerToken, token)
	return nil
}

func (p *tokens) Refresh(ctx context.Context, r *http.Request, project string) bool {
	sent := r.Header.Get(headerToken)
	return p.of(project).refresh(ctx, func(token string) bool { return token == sent })
}

func (p *tokens) CallersOwn() bool { return false }

func (p *tokens) Close() {
	p.life.end()
	p.close()
}

// transportOf returns the transport for IAM or the metadata service and its close.
func transportOf(o Options) (http.RoundTripper, func()) {
	if o.Transport != nil {
		return o.Transport, func() {}
	}
	t := newTransport(o.Route)
	return t, t.CloseIdleConnections
}

// projectTokens are the tokens of one project: the origin of its renewer.
type projectTokens struct {
	tokens  *tokens
	renewer *renewer[string]
}

func (o projectTokens) version(ctx context.Context) int { return o.tokens.iam.identity.version(ctx) }

func (o projectTokens) admit(q request) (time.Duration, *Error) {
	turn, err := o.tokens.throttle.admit(q)
	if err != nil && !q.known && o.renewer.failed == nil {
		// Projects that IAM was not asked about must not displace those that it rejected.
		o.tokens.forget(q.project)
	}
	return turn, err
}

func (o projectTokens) fetch(ctx context.Context, q request) (*lease[string], *Error) {
	waiting, cancel := context.WithTimeout(ctx, fetchTimeout)
	exit, err := o.tokens.throttle.enter(waiting, q.version)
	cancel()
	defer exit()
	var got *lease[string]
	if err == nil {
		by := o.tokens.iam.identity.credential(ctx)
		q.version = by.version
		got, err = o.tokens.iam.ask(ctx, q.project, by)
	}
	o.tokens.throttle.leave(q, err)
	if err == nil && !q.known {
		o.tokens.serve(q.project, o.renewer)
	}
	return got, err
}
