package call_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/connsvc/connsvc/internal/call"
)

// What is kept of a deadline is bounded, and of a short one a part.
func TestDeadline(t *testing.T) {
	for _, c := range []struct{ left, respondIn, kept time.Duration }{
		{time.Minute, time.Minute - 2*time.Second, time.Minute - 2*time.Second},
		{3 * time.Second, 2700 * time.Millisecond, 2 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.left)
			defer cancel()
			if at, ok := call.RespondBy(ctx, 2*time.Second); !ok || time.Until(at) != c.respondIn {
				t.Errorf("of %v: respond in %v, want %v", c.left, time.Until(at), c.respondIn)
			}
			kept, cancel := call.KeepTime(ctx, 2*time.Second)
			defer cancel()
			if at, ok := kept.Deadline(); !ok || time.Until(at) != c.kept {
				t.Errorf("of %v: ends in %v, want %v", c.left, time.Until(at), c.kept)
			}
		})
	}
	if _, ok := call.RespondBy(t.Context(), time.Second); ok {
		t.Error("respond by a time without a deadline")
	}
	kept, cancel := call.KeepTime(t.Context(), time.Second)
	defer cancel()
	if _, ok := kept.Deadline(); ok {
		t.Error("kept a part of no deadline")
	}
}
