// Package browser keeps web pages from using connsvc through the browser of somebody who
// can reach it. It is not authentication: a program sends what it likes. A request that a
// browser marks as another site's changes nothing (CSRF), and a page whose own name was
// made to resolve to connsvc's address (DNS rebinding) gets nothing at all.
package browser

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/endpoint"
)

// A Guard checks the requests of one listener. It is safe for concurrent use.
type Guard struct {
	cross   *http.CrossOriginProtection
	names   map[string]bool // host names that requests may have; nil: any
	origins map[string]bool // of the pages that may read responses (CORS)
}

// New makes the Guard of a listener. A listener on loopback serves names of loopback, and
// those configured; another one those configured, or any if none is.
func New(cfg *configv1.Listener) (*Guard, error) {
	g := &Guard{cross: http.NewCrossOriginProtection(), origins: map[string]bool{}}
	host, _, _ := net.SplitHostPort(cfg.GetAddress())
	if endpoint.Loopback(host) {
		g.names = map[string]bool{"localhost": true}
	}
	for _, name := range cfg.GetHosts() {
		if g.names == nil {
			g.names = map[string]bool{}
		}
		g.names[strings.ToLower(name)] = true
	}
	for _, origin := range cfg.GetCors().GetOrigins() {
		if err := g.cross.AddTrustedOrigin(origin); err != nil {
			return nil, fmt.Errorf("rest.cors.origins: %w", err)
		}
		g.origins[origin] = true
	}
	return g, nil
}

// Check returns why a request must not be served, or nil.
func (g *Guard) Check(r *http.Request) *apierror.Error {
	// A target with a scheme comes from no browser, but from a client that takes connsvc for
	// a proxy.
	if HostInPath(r) || r.URL.Host == "" && !g.serves(r.Host) {
		return denied("this Host is not served: its operator can add it to the listener's hosts")
	}
	if err := g.cross.Check(r); err != nil {
		return denied("a web page of another origin cannot change anything here")
	}
	return nil
}

// HostInPath reports whether the target of a request is "//name/path": net/http takes the name
// for the Host, which then cannot be checked.
func HostInPath(r *http.Request) bool { return strings.HasPrefix(r.RequestURI, "//") }

// CheckChange is Check of a request that has an effect although its method is GET or HEAD.
func (g *Guard) CheckChange(r *http.Request) *apierror.Error {
	changing := *r
	changing.Method = http.MethodPost
	return g.Check(&changing)
}

func denied(message string) *apierror.Error {
	return apierror.New(connsvcv1.ErrorReason_POLICY_DENIED, message, nil)
}

// serves reports whether the Host header may have this value. An address is always
// served: the attack needs a name, which the attacker lets resolve to connsvc. So is a
// missing host, which browsers do not send.
func (g *Guard) serves(host string) bool {
	if g.names == nil || host == "" {
		return true
	}
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return g.names[host] || g.names["localhost"] && strings.HasSuffix(host, ".localhost")
}

// The values are shared by all responses, which do not change them.
var (
	noSniff    = []string{"nosniff"}
	noStore    = []string{"no-store"}
	noContent  = []string{"default-src 'none'; frame-ancestors 'none'"}
	sameOrigin = []string{"same-origin"}
)

// SetHeaders sets the headers that keep a browser from storing, embedding or interpreting
// a response.
func SetHeaders(h http.Header) {
	h["X-Content-Type-Options"] = noSniff
	h["Cache-Control"] = noStore
	h["Content-Security-Policy"] = noContent
	h["Cross-Origin-Resource-Policy"] = sameOrigin
}

// Handler guards a handler that does not report its errors in DLI's form.
func (g *Guard) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		SetHeaders(w.Header())
		if err := g.Check(r); err != nil {
			http.Error(w, err.Message, err.HTTPStatus)
			return
		}
		next.ServeHTTP(w, r)
	})
}
