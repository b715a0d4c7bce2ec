package credentials

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/endpoint"
	"github.com/connsvc/connsvc/internal/signing"
)

// maxProjects limits the projects whose tokens are kept. A token has up to 16 KiB.
const maxProjects = 4096

// tokens sends tokens from IAM, one for each project.
type tokens struct {
	hidden
	iam     *iam
	options Options
	life    *life
	close   func()

	mu        sync.Mutex
	byProject map[string]*list.Element // of projectToken
	recent    *list.List               // most recently used first
}

type projectToken struct {
	project string
	renewer *renewer[string]
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
	by := identity{source: sourcePassword, credential: func() credential {
		v := password.get()
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
	by := identity{source: sourceAgency, credential: func() credential {
		v := key.get()
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
			identity: by, url: join(base, "/v3/auth/tokens", "nocatalog=true"),
			transport: transport, gate: newGate(o.Now), now: o.Now,
		},
		options: o, life: newLife(), close: closeTransport,
		byProject: make(map[string]*list.Element), recent: list.New(),
	}, nil
}

// of returns the renewer of a project's token. If there are too many, the least
// recently used one is dropped; its current callers can still use it.
func (p *tokens) of(project string) *renewer[string] {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e := p.byProject[project]; e != nil {
		p.recent.MoveToFront(e)
		return e.Value.(projectToken).renewer
	}
	if p.recent.Len() >= maxProjects {
		oldest := p.recent.Remove(p.recent.Back()).(projectToken)
		delete(p.byProject, oldest.project)
	}
	r := &renewer[string]{
		source: p.iam.identity.source, project: project, options: p.options, life: p.life,
		admit: p.iam.admit,
		fetch: func(ctx context.Context, known bool) (*lease[string], *Error) {
			return p.iam.token(ctx, project, known)
		},
	}
	p.byProject[project] = p.recent.PushFront(projectToken{project, r})
	return r
}

func (p *tokens) Authorize(ctx context.Context, r *http.Request, _ []byte, project, _ string) error {
	token, err := p.of(project).get(ctx)
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
	t := newTransport()
	return t, t.CloseIdleConnections
}
