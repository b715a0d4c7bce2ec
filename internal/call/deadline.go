package call

import (
	"context"
	"time"
)

// ReplyMargin is the part of a call's time in which its response reaches the caller: one who
// hears nothing until his deadline must find out by himself what became of the call.
const ReplyMargin = 250 * time.Millisecond

// RespondBy returns when a call must respond, so that its response arrives before its deadline:
// by margin, or a tenth of the time that is left where that is less. It returns false for a
// call without a deadline.
func RespondBy(ctx context.Context, margin time.Duration) (time.Time, bool) {
	at, ok := ctx.Deadline()
	if !ok {
		return time.Time{}, false
	}
	return at.Add(-min(margin, time.Until(at)/10)), true
}

// KeepTime ends a context earlier than its deadline: by most, or a third of the time that is
// left where that is less.
func KeepTime(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	at, ok := ctx.Deadline()
	if !ok {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, at.Add(-min(most, time.Until(at)/3)))
}

// Sleep returns false if ctx ends first.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
