package credentials

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/endpoint"
	"github.com/connsvc/connsvc/internal/signing"
)

// metadata signs with the temporary access key of the machine that connsvc runs
// on, an ECS with an agency.
type metadata struct {
	hidden
	renewer *renewer[signing.Credentials]
	life    *life
	now     func() time.Time
	close   func()
}

func newMetadata(cfg *configv1.ECSMetadata, allowPlaintext bool, o Options) (Provider, error) {
	base, err := endpoint.ParseMetadata(cfg.GetEndpoint(), allowPlaintext)
	if err != nil {
		return nil, fmt.Errorf("%s.endpoint: %w", sourceECS, err)
	}
	o.Route = nil // the service is on the machine itself
	transport, closeTransport := transportOf(o)
	life := newLife(o.MaxWaiting)
	service := &metadataService{
		keys: join(base, "/openstack/latest/securitykey", ""), tokens: join(base, "/meta-data/latest/api/token", ""),
		x: exchange{transport: transport, source: sourceECS}, now: o.Now,
	}
	return &metadata{
		life: life, now: o.Now, close: closeTransport,
		renewer: &renewer[signing.Credentials]{
			source: sourceECS, options: o, life: life, origin: service,
		},
	}, nil
}

func (p *metadata) Ready(ctx context.Context, _, caller string) error {
	_, err := p.renewer.get(ctx, caller)
	return err
}

func (p *metadata) Authorize(ctx context.Context, r *http.Request, body []byte, _, _ string) error {
	c, err := p.renewer.get(ctx, "")
	if err != nil {
		return err
	}
	signing.Sign(r, body, c, p.now())
	return nil
}

func (p *metadata) Refresh(ctx context.Context, r *http.Request, _ string) bool {
	return p.renewer.refresh(ctx, func(c signing.Credentials) bool { return signedWith(r, c) })
}

func (p *metadata) CallersOwn() bool { return false }

func (p *metadata) Close() {
	p.life.end()
	p.close()
}

// A metadataService returns the access key of the machine: the same one until shortly
// before it expires.
type metadataService struct {
	keys, tokens *url.URL
	x            exchange
	now          func() time.Time
}

// sessionSeconds is how long a session token is valid: it is used once.
const sessionSeconds = "60"

// session returns a token of the service's second version, or "" from a service that has
// only the first: Huawei's SDKs treat the same statuses so.
func (s *metadataService) session(ctx context.Context) (string, *Error) {
	got, failure := s.x.do(ctx, &http.Request{
		Method: http.MethodPut, URL: s.tokens, Host: s.tokens.Host, Body: http.NoBody,
		Header: http.Header{"X-Metadata-Token-Ttl-Seconds": {sessionSeconds}, "User-Agent": {"connsvc"}},
	}, http.StatusOK)
	if failure != nil {
		switch failure.HTTPStatus {
		case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusServiceUnavailable:
			return "", nil
		}
		return "", denied(failure)
	}
	if token := string(got.body); plain(token) && len(token) <= maxToken {
		return token, nil
	}
	return "", s.x.malformed(errNoSession)
}

// denied returns failure as Denied if it is Rejected: the request has no credentials to
// reject, so the machine has no agency.
func denied(failure *Error) *Error {
	if failure.Kind == Rejected {
		failure.Kind = Denied
	}
	return failure
}

// The service proves the machine by its network, and has one key for all projects.
func (s *metadataService) version(context.Context) int { return 0 }

func (s *metadataService) admit(request) (time.Duration, *Error) { return 0, nil }

func (s *metadataService) fetch(ctx context.Context, _ request) (*lease[signing.Credentials], *Error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	asked := s.now()
	token, failure := s.session(ctx)
	if failure != nil {
		return nil, failure
	}
	r := &http.Request{
		Method: http.MethodGet, URL: s.keys, Host: s.keys.Host,
		Header: http.Header{"Accept": {"application/json"}, "User-Agent": {"connsvc"}},
	}
	x := s.x
	if token != "" {
		x.secrets = []string{token}
		r.Header.Set("X-Metadata-Token", token)
	}
	got, failure := x.do(ctx, r, http.StatusOK)
	if failure != nil {
		return nil, denied(failure)
	}
	var text struct {
		Credential struct {
			Access        string `json:"access"`
			Secret        string `json:"secret"`
			SecurityToken string `json:"securitytoken"`
			ExpiresAt     string `json:"expires_at"`
		} `json:"credential"`
	}
	if json.Unmarshal(got.body, &text) != nil {
		return nil, s.x.malformed(errNotJSON)
	}
	c := text.Credential
	if !plain(c.Access) || strings.Contains(c.Access, ",") || !plain(c.Secret) ||
		!plain(c.SecurityToken) || len(c.SecurityToken) > maxToken {
		return nil, s.x.malformed(errNoKey)
	}
	expires, err := time.Parse(time.RFC3339, c.ExpiresAt)
	if err != nil {
		return nil, s.x.malformed(errNoEnd)
	}
	lifetime := min(expires.Sub(cmp.Or(got.now, asked)), maxLifetime)
	if lifetime <= 0 {
		return nil, s.x.malformed(errExpired)
	}
	key := signing.Credentials{AccessKeyID: c.Access, SecretAccessKey: c.Secret, SecurityToken: c.SecurityToken}
	return newLease(key, asked, lifetime), nil
}
