package chain

import (
	"context"
	"time"
)

// replyMargin is how much of a caller's time is kept to send the response, though at
// most a tenth of it: a caller who hears nothing until its deadline must find out by
// itself what became of the call.
const replyMargin = 250 * time.Millisecond

// WithDeadline gives a call the configured time; the caller's own deadline applies
// where it is earlier, less the time to reply. A transport calls it once for each call,
// before it reads anything of it.
func (ch *Chain) WithDeadline(ctx context.Context) (context.Context, context.CancelFunc) {
	limit := ch.timeout
	if at, ok := ctx.Deadline(); ok {
		left := time.Until(at)
		limit = min(limit, left-min(replyMargin, left/10))
	}
	return context.WithTimeout(ctx, limit)
}
