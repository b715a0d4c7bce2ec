package upstream_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/connsvc/connsvc/internal/upstream"
)

// TestOutcomes: an attempt is counted by its outcome, once.
func TestOutcomes(t *testing.T) {
	for want, handler := range map[string]http.HandlerFunc{
		"ok":         answer(200, `{"name":"n"}`),
		"malformed":  answer(200, `{`),
		"too_large":  answer(200, `{"name":"`+string(make([]byte, 1000))+`"}`),
		"refused":    answer(200, `{"is_success":false,"message":"no"}`),
		"status_4xx": answer(403, ""),
		"status_429": answer(429, ""),
		"status_5xx": answer(500, ""),
		"broken":     func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(want, func(t *testing.T) {
			for name, call := range map[string]func(context.Context, *upstream.Router) error{"CreateEnhancedConnection": callCreate, "GetEnhancedConnection": callGet} {
				o, reader := measured(upstream.Options{MaxResponseBytes: 500})
				_ = call(t.Context(), served(t, o, handler))
				got := collect(t, reader)
				series := "connsvc.upstream.attempts{outcome=" + want + ",upstream=127.0.0.1}"
				duration := "connsvc.upstream.duration{outcome=" + want + ",rpc.method=connsvc.v1.ConnectionService/" + name + ",upstream=127.0.0.1}"
				if n := statsOf(t, reader).attempts; n != 1 || got[series] != 1 || got[duration] != 1 {
					t.Errorf("%d attempts, %d of %s", n, got[series], series)
				}
			}
		})
	}
}
