package upstream

import (
	"cmp"
	"net/url"
	"strings"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	endpoints "github.com/connsvc/connsvc/internal/endpoint"
)

// An endpoint is where an upstream is.
type endpoint struct {
	name       string // of the upstream
	configured string // the base URL, as configured
	scheme     string
	host       string
	base       string // escaped path, without the slash that may close it
	timeout    time.Duration
	transport  *transport
}

func newEndpoint(cfg *configv1.Upstream, p *problem) endpoint {
	e := endpoint{configured: cfg.GetEndpoint(), timeout: config.DefaultTimeout}
	if d := cfg.GetTimeout().AsDuration(); d > 0 {
		e.timeout = d
	}
	u, err := endpoints.Parse(cfg.GetEndpoint(), cfg.GetAllowPlaintext())
	if err != nil {
		p.add("endpoint", err)
		return e
	}
	e.transport = newTransport(u)
	e.scheme, e.host, e.base = u.Scheme, u.Host, strings.TrimRight(u.EscapedPath(), "/")
	e.name = cmp.Or(cfg.GetName(), u.Hostname())
	return e
}

// url returns the URL of a call, from its escaped path and its query.
func (e *endpoint) url(path, query string) (*url.URL, error) {
	escaped := e.base + path
	decoded, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: e.scheme, Host: e.host, Path: decoded, RawQuery: query}
	if decoded != escaped {
		u.RawPath = escaped
	}
	return u, nil
}

// plain reports whether s is printable ASCII without spaces.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
