package server

import "net/http"

// leaving asks callers, while connsvc is not ready, to let each connection go with
// the answer. A balancer of layer 4 leaves the connections alone that there are, and
// closing one that is idle can meet the next request on it, which then has no answer
// and may be a create: so callers are moved while there is still a drain delay.
func leaving(ready func() bool, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ready() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}
