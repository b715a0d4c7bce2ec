package credentials

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
)

// parseEndpoint checks the base URL of IAM or of the metadata service, by the
// rules of internal/config. No error holds it: it may bear a password.
func parseEndpoint(s string, plaintext func(host string) bool) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("is not a URL")
	case u.Scheme != "https" && u.Scheme != "http", u.Opaque != "", u.Hostname() == "":
		return nil, errors.New("must be an absolute https or http URL")
	case u.User != nil:
		return nil, errors.New("must not hold a user or a password")
	case strings.ContainsAny(s, "?#"):
		return nil, errors.New("must not have a query or a fragment")
	case !plain(u.Host):
		return nil, errors.New("must name its host in ASCII, an international name in its xn-- form")
	case u.Scheme == "http" && !plaintext(u.Hostname()):
		return nil, errors.New("must be https beyond loopback, or allow_plaintext must be set: credentials would travel in the clear")
	}
	return u, nil
}

// join returns the URL of a path below a base URL.
func join(base *url.URL, path, query string) *url.URL {
	return &url.URL{Scheme: base.Scheme, Host: base.Host, Path: strings.TrimRight(base.Path, "/") + path, RawQuery: query}
}

// Loopback reports whether host is sure to be this machine: of names only localhost.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

// linkLocal reports whether host is an address that no router passes on: that of
// the metadata service, which speaks http only.
func linkLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLinkLocalUnicast()
}
