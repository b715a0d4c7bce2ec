package upstream_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/connsvc/connsvc/internal/upstream"
)

// TestOutcomes: an attempt is told of by what became of it, of which upstream.
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
			var told []string
			r := served(t, upstream.Options{
				MaxResponseBytes: 500,
				Observe: func(_ context.Context, a upstream.Attempt) {
					told = append(told, a.Upstream+" "+a.Outcome)
				},
			}, handler)
			_ = callCreate(t.Context(), r)
			if diff := cmp.Diff([]string{"127.0.0.1 " + want}, told); diff != "" {
				t.Errorf("attempts (-want +got):\n%s", diff)
			}
		})
	}
}
