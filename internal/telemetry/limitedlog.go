package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// A Limiter bounds the log lines that others can cause, so that a flood does not fill the
// disk. It is safe for concurrent use.
type Limiter struct {
	rate    *rate.Limiter
	omitted atomic.Int64
}

// NewLimiter allows so many lines per second, and burst at once.
func NewLimiter(perSecond, burst int) *Limiter {
	return &Limiter{rate: rate.NewLimiter(rate.Limit(perSecond), burst)}
}

// Allow reports whether a line may be written. If so, omitted is how many were not since
// the last one that was.
func (l *Limiter) Allow() (omitted int64, ok bool) {
	if !l.rate.AllowN(time.Now(), 1) {
		l.omitted.Add(1)
		return 0, false
	}
	return l.omitted.Swap(0), true
}

// Omitted is the attribute of a line that says how many before it were omitted.
const Omitted = "lines_omitted"

// LogAttrs writes a line, if it is allowed.
func (l *Limiter) LogAttrs(ctx context.Context, log *slog.Logger, level slog.Level, text string, attrs ...slog.Attr) {
	if !log.Enabled(ctx, level) {
		return
	}
	omitted, ok := l.Allow()
	if !ok {
		return
	}
	if omitted > 0 {
		attrs = append(attrs, slog.Int64(Omitted, omitted))
	}
	log.LogAttrs(ctx, level, text, attrs...) //nolint:sloglint // the texts are the callers' constants
}
