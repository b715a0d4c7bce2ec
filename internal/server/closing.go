package server

import "net/http"

// closing asks clients to close their connection after the response, while connsvc is
// not ready. A balancer of layer 4 keeps existing connections, and closing an idle one
// can race with the next request on it, which then gets no response and may be a
// create: so clients move while the drain delay still runs.
func closing(ready func() bool, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}
