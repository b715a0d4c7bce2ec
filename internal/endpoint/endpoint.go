// Package endpoint parses the base URLs of DLI, IAM and the metadata service. It is
// the only place that decides which URLs are safe to send credentials to. No error
// quotes the URL: it may contain a password.
package endpoint

import (
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

// Errors are all rules that a URL breaks.
type Errors []*Error

// Error returns the messages.
func (all Errors) Error() string {
	var texts []string
	for _, e := range all {
		texts = append(texts, e.Message)
	}
	return strings.Join(texts, "; ")
}

// Parse parses the base URL of DLI or IAM. Beyond loopback it must be https, unless
// allowPlaintext is true. Errors are Errors.
func Parse(s string, allowPlaintext bool) (*url.URL, error) {
	return parse(s, func(host string) bool { return allowPlaintext || Loopback(host) })
}

// ParseMetadata parses the base URL of the metadata service, which speaks http on a
// link-local address. Otherwise it is like Parse.
func ParseMetadata(s string, allowPlaintext bool) (*url.URL, error) {
	return parse(s, func(host string) bool { return allowPlaintext || Loopback(host) || linkLocal(host) })
}

// ParseProxy parses the URL of a proxy: a scheme, a host and a port. http is allowed beyond
// loopback, because what passes through the proxy is encrypted end to end. Errors are Errors.
func ParseProxy(s string) (*url.URL, error) {
	u, broken := check(s, func(string) bool { return true })
	for i, e := range broken {
		if e.Rule == "endpoint.userinfo" {
			broken[i] = &Error{"proxy.userinfo", "must not contain credentials: use proxy_credentials"}
		}
	}
	if u != nil && u.Port() == "" {
		broken = append(broken, &Error{"proxy.port", "must have a port, as in http://proxy.example.com:3128"})
	}
	if u != nil && strings.Trim(u.Path, "/") != "" {
		broken = append(broken, &Error{"proxy.path", "must not have a path"})
	}
	if broken != nil {
		return nil, broken
	}
	return u, nil
}

func parse(s string, plaintext func(host string) bool) (*url.URL, error) {
	u, broken := check(s, plaintext)
	if broken != nil {
		return nil, broken
	}
	return u, nil
}

// check returns the URL, if it has a scheme and a host, and all rules that it breaks.
func check(s string, plaintext func(host string) bool) (*url.URL, Errors) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, Errors{{"endpoint.url", "must be a URL"}}
	case u.Scheme != "http" && u.Scheme != "https" || u.Opaque != "":
		return nil, Errors{{"endpoint.scheme", "must start with https:// or http://"}}
	}
	var broken Errors
	hasHost := u.Hostname() != "" && isASCII(u.Host) && isPort(u.Port())
	if !hasHost {
		broken = append(broken, &Error{"endpoint.host", "must have an ASCII host (international names in xn-- form) and, if any, a port from 1 to 65535"})
	}
	if u.User != nil {
		broken = append(broken, &Error{"endpoint.userinfo", "must not contain credentials"})
	}
	if strings.ContainsAny(s, "?#") {
		broken = append(broken, &Error{"endpoint.query", "must not have a query or a fragment"})
	}
	if !hasHost {
		return nil, broken
	}
	if u.Scheme == "http" && !plaintext(u.Hostname()) {
		broken = append(broken, &Error{"endpoint.plaintext", "must be https beyond loopback; set allow_plaintext: true to send credentials in the clear"})
	}
	return u, broken
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
