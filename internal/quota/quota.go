// Package quota bounds what calls hold at once: places, and bytes of requests and
// responses; for all together, and for each caller, so that no caller takes what the
// others need. Nothing waits here: what is beyond a bound is rejected at once.
//
// One caller has at most three quarters of everything that all share, so that the others
// always find some left.
package quota

import (
	"sync/atomic"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

const (
	// waitingPerCall is how many calls may wait for bytes for each that may be in flight.
	waitingPerCall = 2
	// placeRetry is what a call without a place is asked to wait: others end soon.
	placeRetry = time.Second
)

// Limits are the bounds of one process. They are safe for concurrent use.
type Limits struct {
	maxCalls, maxLong, maxWaiting, maxConnections, maxBytes int64
	// smallCall is how many bytes each call may hold whatever the others hold, so that large
	// calls do not keep out small ones. They are a quarter of maxBytes for all.
	smallCall int64

	calls, long, waiting, connections, auxiliary atomic.Int64
	bytes                                        atomic.Int64
	callers                                      callers
}

// New makes the Limits of a configuration with its defaults.
func New(cfg *configv1.Limits) *Limits {
	l := &Limits{
		maxCalls:       int64(cfg.GetMaxCalls()),
		maxLong:        int64(cfg.GetMaxLongCalls()),
		maxWaiting:     waitingPerCall * int64(cfg.GetMaxCalls()),
		maxConnections: int64(cfg.GetMaxConnections()),
		maxBytes:       cfg.GetMaxCallsBytes(),
		smallCall:      cfg.GetMaxCallsBytes() / 4 / max(int64(cfg.GetMaxCalls())+int64(cfg.GetMaxLongCalls()), 1),
	}
	l.callers.byKey = make(map[Key]*caller)
	l.callers.quota = cfg.GetPerCaller()
	return l
}

// A Usage is what is held now.
type Usage struct{ Arriving, Long, Connections, Bytes int64 }

// Usage returns what all callers hold together.
func (l *Limits) Usage() Usage {
	return Usage{Arriving: l.waiting.Load(), Long: l.long.Load(), Connections: l.connections.Load(), Bytes: l.bytes.Load()}
}

// share returns what one caller may have of a bound.
func share(all int64) int64 { return max(all-all/4, 1) }

// shareOr is share, or what is configured if that is less.
func shareOr(all, configured int64) int64 {
	if configured > 0 {
		return min(configured, share(all))
	}
	return share(all)
}

// An Error is why a call or a connection is rejected.
type Error struct {
	// Caller means that the caller holds too much; otherwise all callers together do.
	Caller     bool
	Message    string
	RetryAfter time.Duration
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

func ofCaller(message string) *Error {
	return &Error{Caller: true, Message: message, RetryAfter: placeRetry}
}

func overall(message string) *Error { return &Error{Message: message, RetryAfter: placeRetry} }
