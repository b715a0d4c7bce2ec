package chain

import (
	"sync/atomic"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// limits bound what is in flight of both APIs together, and so the memory. A call
// beyond them is rejected at once: a queue would only be slower.
type limits struct {
	maxCalls, maxBytes int64
	calls, bytes       atomic.Int64
}

// admit takes a place for a call. release gives it back, and the bytes that the call
// has reserved.
func (l *limits) admit(c *Call) (release func(), err error) {
	if l.calls.Add(1) > l.maxCalls {
		l.calls.Add(-1)
		return nil, overloaded("as many calls are in flight as connsvc takes")
	}
	c.limits = l
	return func() {
		l.bytes.Add(-c.reserved)
		l.calls.Add(-1)
	}, nil
}

// Reserve takes n more bytes for the request, until the call ends. A request that is
// alone always has room: one larger than the bound could never be served otherwise.
func (c *Call) Reserve(n int64) error {
	c.reserved += n
	if total := c.limits.bytes.Add(n); total > c.limits.maxBytes && total > c.reserved {
		return overloaded("as many bytes of requests are in flight as connsvc takes")
	}
	return nil
}

func overloaded(message string) error {
	return apierror.New(connsvcv1.ErrorReason_OVERLOADED, message, nil)
}
