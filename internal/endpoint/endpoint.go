// Package endpoint parses the base URLs of DLI, IAM and the metadata service. It is
// the only place that decides which URLs are safe to send credentials to. No error
// quotes the URL: it may contain a password.
package endpoint

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// An Error is the rule that a URL breaks.
type Error struct {
	Rule    string // as in "endpoint.scheme"
	Message string // what is allowed
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Parse parses the base URL of DLI or IAM. Beyond loopback it must be https, unless
// allowPlaintext is true. Errors are *Error.
func Parse(s string, allowPlaintext bool) (*url.URL, error) {
	return parse(s, func(host string) bool { return allowPlaintext || Loopback(host) })
}

// ParseMetadata parses the base URL of the metadata service, which speaks http on a
// link-local address. Otherwise it is like Parse.
func ParseMetadata(s string, allowPlaintext bool) (*url.URL, error) {
	return parse(s, func(host string) bool { return allowPlaintext || Loopback(host) || linkLocal(host) })
}

// ParseProxy parses the URL of a proxy: a scheme, a host and a port. http is allowed beyond
// loopback, because what passes through the proxy is encrypted end to end. Errors are *Error.
func ParseProxy(s string) (*url.URL, error) {
	u, err := parse(s, func(string) bool { return true })
	var broken *Error
	switch {
	case errors.As(err, &broken) && broken.Rule == "endpoint.userinfo":
		return nil, &Error{"proxy.userinfo", "must not contain credentials: use proxy_credentials"}
	case err != nil:
		return nil, err
	case u.Port() == "":
		return nil, &Error{"proxy.port", "must have a port, as in http://proxy.example.com:3128"}
	case strings.Trim(u.Path, "/") != "":
		return nil, &Error{"proxy.path", "must not have a path"}
	}
	return u, nil
}

func parse(s string, plaintext func(host string) bool) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, &Error{"endpoint.url", "must be a URL"}
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return nil, &Error{"endpoint.scheme", "must start with https:// or http://"}
	case u.Hostname() == "" || !isASCII(u.Host) || !isPort(u.Port()):
		return nil, &Error{"endpoint.host", "must have an ASCII host (international names in xn-- form) and, if any, a port from 1 to 65535"}
	case u.User != nil:
		return nil, &Error{"endpoint.userinfo", "must not contain credentials"}
	case strings.ContainsAny(s, "?#"):
		return nil, &Error{"endpoint.query", "must not have a query or a fragment"}
	case u.Scheme == "http" && !plaintext(u.Hostname()):
		return nil, &Error{"endpoint.plaintext", "must be https beyond loopback; set allow_plaintext: true to send credentials in the clear"}
	}
	return u, nil
}

// Loopback reports whether host is sure to be this machine: an address of loopback
// or localhost.
func Loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}

func linkLocal(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLinkLocalUnicast()
}

// isASCII reports whether s is printable ASCII without spaces.
func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func isPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil && n > 0
}
