package upstream

import (
	"cmp"
	"errors"
	"net/url"
	"strings"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/credentials"
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
	u, err := parseEndpoint(cfg.GetEndpoint(), cfg.GetAllowPlaintext())
	if err != nil {
		p.add("endpoint", err)
		return e
	}
	e.transport = newTransport(u)
	e.scheme, e.host, e.base = u.Scheme, u.Host, strings.TrimRight(u.EscapedPath(), "/")
	e.name = cmp.Or(cfg.GetName(), u.Hostname())
	return e
}

// parseEndpoint checks a base URL. No error holds it: it may bear a password.
func parseEndpoint(s string, allowPlaintext bool) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "", u.Hostname() == "":
		return nil, errors.New("must be an absolute https or http URL, as in https://dli.eu-de.otc.t-systems.com")
	case u.User != nil:
		return nil, errors.New("must not hold a user or a password")
	case strings.ContainsAny(s, "?#"):
		return nil, errors.New("must not have a query or a fragment")
	case !plain(u.Host):
		return nil, errors.New("must name its host in ASCII, an international name in its xn-- form")
	case u.Scheme == "http" && !allowPlaintext && !credentials.Loopback(u.Hostname()):
		return nil, errors.New("must be https beyond loopback, or allow_plaintext must be set: credentials would travel in the clear")
	}
	return u, nil
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
