package browser

import "net/http"

// What a page of a configured origin may send, and read beside the body.
const (
	corsHeaders = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, Traceparent, Tracestate, X-Auth-Token, X-Request-Id"
	corsExposed = "Retry-After, X-Request-Id"
	corsMaxAge  = "600"
)

// AllowOrigin sets the headers that let a page of a configured origin read the response.
// It never allows credentials: a page has to send its token itself.
func (g *Guard) AllowOrigin(h http.Header, r *http.Request) {
	if len(g.origins) == 0 {
		return
	}
	h.Add("Vary", "Origin")
	if origin := r.Header.Get("Origin"); g.origins[origin] {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", corsExposed)
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	}
}

// IsPreflight reports whether a request asks, for a page of a configured origin, what it
// may send.
func (g *Guard) IsPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && g.origins[r.Header.Get("Origin")] && r.Header.Get("Access-Control-Request-Method") != ""
}

// AllowMethods answers a preflight: the path has these methods.
func AllowMethods(h http.Header, methods string) {
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
}
