package server

import (
	"context"
	"time"
)

// answerMargin is what is kept of a caller's time, though never more than a tenth of
// it: a caller who is answered at its deadline is not answered, and has to conclude
// for itself what became of the call.
const answerMargin = 250 * time.Millisecond

// bounded gives a call at most timeout; the caller's own deadline stands where it is
// earlier, less the time to answer. Each door bounds its calls once, before it reads
// anything of them.
func bounded(ctx context.Context, timeout time.Duration) (context.Context, context.CancelFunc) {
	limit := timeout
	if at, ok := ctx.Deadline(); ok {
		left := time.Until(at)
		limit = min(limit, left-min(answerMargin, left/10))
	}
	return context.WithTimeout(ctx, limit)
}
