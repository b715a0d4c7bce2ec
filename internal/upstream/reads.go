package upstream

import (
	"bytes"
	"context"
	"fmt"
	"runtime/debug"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/connsvc/connsvc/internal/dlijson"
)

// reads lets identical reads in flight share an attempt. Attempts are shared, not calls
// with their retries: each caller retries, waits and gives up on its own.
//
// singleflight does not know when the last caller has left. Without audience, attempts
// that nobody waits for would use up the limit until the upstream's timeout, and calls
// would be shed for them.
type reads struct {
	group singleflight.Group

	mu        sync.Mutex
	audiences map[string]*audience // of the attempts that may still be joined
}

// An audience is the callers who wait for an attempt. ctx ends with the last of them.
type audience struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	waiting int // guarded by reads.mu
}

// A reading is the result of a shared attempt. The caller who started it has the decoded
// response; those who joined decode raw, which nobody changes.
type reading struct {
	raw   *[]byte
	err   *Error
	panic error // with its stack
}

// readKey is equal for identical reads: they send the same, for the same caller, and
// began after the same last write. A read that begins when a create has ended must find
// what that made. The caller's token comes last, because it may contain any byte.
func (c *Client) readKey(call *call) string {
	token := ""
	if c.credentials.CallersOwn() {
		token = call.record.CallerToken
	}
	writes := strconv.FormatUint(c.counts.writes.Load(), 10)
	return call.op.FullMethod + "\x00" + call.url.EscapedPath() + "\x00" + call.url.RawQuery + "\x00" + writes + "\x00" + token
}

// shareAttempt makes an attempt of a read, or joins an identical one.
func (c *Client) shareAttempt(ctx context.Context, call *call, retry bool) *Error {
	key := c.readKey(call)
	a, results, first := c.join(ctx, key, call)
	switch {
	case !first:
		c.counts.shared.Add(1)
		if retry {
			c.budget.refund()
		}
	case retry:
		c.counts.retries.Add(1)
	}
	var result singleflight.Result
	select {
	case result = <-results:
	case <-ctx.Done():
		select {
		case result = <-results: // a response that is there must not be lost to chance
		default:
			c.reads.leave(key, a)
			return transportError(ctx, ctx.Err(), true)
		}
	}
	r := result.Val.(*reading)
	switch {
	case r.panic != nil:
		panic(r.panic) // as if each caller had made the read itself
	case r.err != nil:
		own := *r.err
		return &own
	case !first:
		// DecodeResponse's envelope is not checked again: the caller who started the
		// attempt found it successful.
		if _, err := dlijson.DecodeResponse(bytes.NewBuffer(*r.raw), call.response); err != nil {
			return &Error{Kind: Malformed, Err: err, Sent: true}
		}
	case !result.Shared:
		c.router.bodies.Give(r.raw)
	}
	return nil
}

// join returns the audience of an attempt, with the caller in it, and where the result
// will be. The first caller starts the attempt.
func (c *Client) join(ctx context.Context, key string, call *call) (a *audience, results <-chan singleflight.Result, first bool) {
	s := &c.reads
	s.mu.Lock()
	defer s.mu.Unlock()
	a = s.audiences[key]
	if first = a == nil; first {
		a = &audience{}
		a.ctx, a.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
		if s.audiences == nil {
			s.audiences = make(map[string]*audience)
		}
		s.audiences[key] = a
		c.router.calls.Add(1)
	}
	a.waiting++
	return a, s.group.DoChan(key, func() (any, error) {
		defer c.router.calls.Done()
		r := c.read(a.ctx, call)
		s.end(key, a)
		return r, nil
	}), first
}

// read makes the attempt. A panic becomes part of the result: on this goroutine it would
// end the process.
func (c *Client) read(ctx context.Context, call *call) (r *reading) {
	r = &reading{raw: c.router.bodies.Take()}
	defer func() {
		if p := recover(); p != nil {
			r.panic = fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	call.raw = r.raw
	if r.err = c.sendWithReauth(ctx, call); r.err != nil {
		c.router.bodies.Give(r.raw)
	}
	return r
}

// end keeps later callers from joining an attempt that has ended.
func (s *reads) end(key string, a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(key, a)
	a.cancel(nil)
}

// leave takes a caller from the audience. The attempt ends with the last.
func (s *reads) leave(key string, a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.waiting--; a.waiting == 0 {
		s.forget(key, a)
		// Not with the caller's cause: that its deadline is short says nothing of DLI.
		a.cancel(context.Canceled)
	}
}

// forget must be called with s.mu held, as DoChan is: both maps have the same keys.
func (s *reads) forget(key string, a *audience) {
	if s.audiences[key] == a {
		delete(s.audiences, key)
		s.group.Forget(key)
	}
}
