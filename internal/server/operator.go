package server

import (
	"errors"
	"net/http"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// guarded serves h to operators only: beyond loopback, unless it is open to everyone. What
// operates the process, as a profile or the log level, is never open beyond loopback, and
// on loopback only where callers are not authenticated at all.
func (a *adminPort) guarded(h http.HandlerFunc, operates bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var by *auth.Authenticator
		if g := a.guard(); g != nil {
			by = g.Auth
		}
		if operates { // a profile is a GET, but slows the process
			if err := a.browsers.CheckChange(r); err != nil {
				writeText(w, err.HTTPStatus, err.Message+"\n")
				return
			}
		}
		open := a.loopback && (!operates || !by.Authenticates()) || !operates && by.Open(configv1.Auth_METRICS)
		if open || a.isOperator(w, r, by) {
			h(w, r)
		}
	})
}

// isOperator reports whether an operator sent r. If not, it responds.
func (a *adminPort) isOperator(w http.ResponseWriter, r *http.Request, by *auth.Authenticator) bool {
	if !by.Authenticates() {
		writeText(w, http.StatusForbidden, "callers are not authenticated: set auth and auth.operators\n")
		return false
	}
	p, _, err := by.Authenticate(r.Context(), auth.Credentials{
		Authorization: r.Header["Authorization"], Certificate: chain.Certificate(r.TLS),
	})
	var rejected *auth.Error
	switch {
	case errors.As(err, &rejected):
		w.Header().Set("WWW-Authenticate", by.Challenge())
		writeText(w, http.StatusUnauthorized, rejected.Message()+"\n")
	case !by.Operates(p):
		a.telemetry.Log.WarnContext(r.Context(), "not an operator", "caller", p.Name, "path", r.URL.Path)
		writeText(w, http.StatusForbidden, "the caller is not in auth.operators\n")
	default:
		return true
	}
	return false
}
