package chain

import (
	"context"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/call"
)

// IsLong reports whether the calls of a method, as in Call.Method, are long: they mostly wait.
func IsLong(method string) bool { return method == waitMethod || method == watchMethod }

// timeLimit returns the longest time of a call of a method.
func timeLimit(l *configv1.Limits, method string) time.Duration {
	switch method {
	case waitMethod:
		return l.GetMaxWait().AsDuration()
	case watchMethod:
		return l.GetMaxWatch().AsDuration()
	default:
		return l.GetCallTimeout().AsDuration()
	}
}

// LongestCall returns the longest time of any call.
func LongestCall(l *configv1.Limits) time.Duration {
	return max(l.GetCallTimeout().AsDuration(), l.GetMaxWait().AsDuration(), l.GetMaxWatch().AsDuration())
}

// WithDeadline gives a call of a method, as in Call.Method, the configured time; the
// caller's own deadline applies where it is earlier, less the time to reply. A transport
// calls it once for each call, before it reads anything of it.
func (ch *Chain) WithDeadline(ctx context.Context, method string) (context.Context, context.CancelFunc) {
	end := time.Now().Add(timeLimit(ch.configured, method))
	if by, bounded := call.RespondBy(ctx, call.ReplyMargin); bounded && by.Before(end) {
		end = by
	}
	return context.WithDeadline(ctx, end)
}
