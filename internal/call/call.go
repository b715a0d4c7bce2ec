// Package call is the record of one call: what the listener knows of it and what
// happens to it on its way to DLI. The listener puts it into the context; below the
// listener it is the only value of connsvc's own there. The package also divides the time
// of a call, and makes errors of its panics.
package call

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A Call is the record of one call. The fields above mu are set before the service is
// called, and do not change from then on.
type Call struct {
	// CallerToken is the caller's IAM token (X-Auth-Token), for an upstream that passes
	// it through; empty where the caller sent none, or more than one.
	CallerToken string
	// Caller is who calls: the name of the principal, or where callers are not
	// authenticated the name in the client certificate; empty without one.
	Caller string
	// Origin tells callers apart where they share something: the caller's name, or without
	// credentials its network address. It is bounded in number, as the limits are.
	Origin string
	// Unpaginated says that a list is answered whole, as DLI's own is: the caller does
	// not know of pages.
	Unpaginated bool
	// Visible reports whether the caller may see a connection, given with all of its fields;
	// nil where he may see all.
	Visible func(*connsvcv1.EnhancedConnection) bool

	// Permits returns an error if the policy does not let the caller make another call, of
	// which this one consists: its request, and the connection that it is about. nil: all.
	Permits func(context.Context, proto.Message, *connsvcv1.EnhancedConnection) error
	// Creates counts a create, which the call makes beside others, against the caller's quota,
	// and returns an error if that is used up. nil: it is not counted.
	Creates func() error

	// Stopping is closed when connsvc begins to stop, and of a watch also when it is decided
	// anew who may call: a call that waits for something must end then, and have the caller
	// come back; nil: never.
	Stopping <-chan struct{}
	// Holders count the bytes of DLI's responses; nil: they are not counted.
	Holders Holders
	// Shared count the bytes of what is read for several callers, against what all callers may
	// hold and not against this one's; nil: they are not counted.
	Shared Holders

	mu           sync.Mutex // attempts of a create may end on other goroutines
	upstreamTime time.Duration
	dliRequestID string
	changed      bool
	response     Holder // of DLI's last response; nil: none is held
	ended        bool
}

// Holders make Holders of a caller, or of none.
type Holders interface{ NewHolder() Holder }

// A Holder counts bytes in memory against what the caller and all callers may hold. It is
// safe for concurrent use.
type Holder interface {
	// Reserve takes n more bytes; they are held even after an error.
	Reserve(n int64) error
	// Release gives back all bytes.
	Release()
}

// uncounted is the Holder of a call without Holders.
type uncounted struct{}

func (uncounted) Reserve(int64) error { return nil }
func (uncounted) Release()            {}

// NewHolder returns a Holder of the caller, which holds nothing yet.
func (c *Call) NewHolder() Holder {
	if c.Holders == nil {
		return uncounted{}
	}
	return c.Holders.NewHolder()
}

// Hold keeps the bytes of a response of DLI until the next one, or until LetGo or End.
func (c *Call) Hold(response Holder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.response != nil {
		c.response.Release()
	}
	if c.response = response; c.ended {
		c.response.Release()
	}
}

// LetGo gives back the bytes of DLI's last response, which the call does not need any more.
func (c *Call) LetGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.response != nil {
		c.response.Release()
		c.response = nil
	}
}

// End is LetGo at the end of the call. An attempt that outlives it holds nothing.
func (c *Call) End() {
	c.mu.Lock()
	c.ended = true
	c.mu.Unlock()
	c.LetGo()
}

type key struct{}

// NewContext returns a context that carries c.
func NewContext(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, key{}, c)
}

// From returns the record of the call that ctx belongs to. Where there is none, as in
// a test of a lower layer, it returns an empty one.
func From(ctx context.Context) *Call {
	if c, ok := ctx.Value(key{}).(*Call); ok {
		return c
	}
	return &Call{}
}

// Sees reports whether the caller may see a connection.
func (c *Call) Sees(conn *connsvcv1.EnhancedConnection) bool {
	return c.Visible == nil || c.Visible(conn)
}

// Permit returns an error if the caller may not make a call that this one consists of.
func (c *Call) Permit(ctx context.Context, req proto.Message, conn *connsvcv1.EnhancedConnection) error {
	if c.Permits == nil {
		return nil
	}
	return c.Permits(ctx, req, conn)
}

// CountCreate counts a create, and returns an error if the caller may make no more now.
func (c *Call) CountCreate() error {
	if c.Creates == nil {
		return nil
	}
	return c.Creates()
}

// AddAttempt records an attempt at DLI: how long it took, and DLI's request ID, which
// may be empty.
func (c *Call) AddAttempt(took time.Duration, dliRequestID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.upstreamTime += took
	if dliRequestID != "" {
		c.dliRequestID = dliRequestID
	}
}

// RecordChange records that DLI has executed a change of the call, or may have.
func (c *Call) RecordChange() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed = true
}

// Changed reports whether DLI has executed a change of the call, or may have.
func (c *Call) Changed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Attempts returns the time spent in attempts at DLI, and the last request ID that
// DLI gave.
func (c *Call) Attempts() (took time.Duration, dliRequestID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.upstreamTime, c.dliRequestID
}
