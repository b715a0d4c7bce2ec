package upstream

import (
	"context"
	"strconv"
	"sync"

	"golang.org/x/sync/singleflight"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	record "github.com/connsvc/connsvc/internal/call"
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
	ctx    context.Context
	cancel context.CancelCauseFunc
	source source // of the caller who started the attempt
	held   held   // of the response; on behalf of the caller who started the attempt

	// Guarded by reads.mu.
	waiting int
	ended   bool
}

// A reading is the result of a shared attempt. The last caller takes the response; the
// others, who must not wait for each other, have copies.
type reading struct {
	response proto.Message
	err      *Error
	panic    error // with its stack
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
	own := false // an attempt of this call was made
	defer func() {
		if retry && !own {
			c.budget.refund(call.source)
		}
	}()
	for {
		a, results, first := c.join(ctx, key, call)
		switch own = own || first; {
		case !first:
			c.counts.shared.Add(1)
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
		err := c.take(key, a, result.Val.(*reading), call, first)
		if err == nil || first || !a.failedForItsCaller(err, call.source) {
			return err
		}
	}
}

// failedForItsCaller reports whether an attempt failed because the caller who started it may
// hold no more, has failed before, or waits in a longer line, which says nothing of others.
func (a *audience) failedForItsCaller(err *Error, s source) bool {
	return err.Kind == NoRoom || (err.Kind == BreakerOpen || err.Kind == Shed) && a.source != s
}

// take gives a caller the response of an attempt, or its error.
func (c *Client) take(key string, a *audience, r *reading, call *call, first bool) *Error {
	defer c.reads.leave(key, a)
	switch {
	case r.panic != nil:
		panic(r.panic) // as if each caller had made the read itself
	case r.err != nil:
		own := *r.err
		return &own
	}
	last := c.reads.isLast(a)
	if first && last {
		call.record.Hold(a.held.holder)
		a.held.holder = nil
	} else {
		holder := call.record.NewHolder()
		if err := holder.Reserve(a.held.bytes); err != nil {
			holder.Release()
			return &Error{Kind: NoRoom, Err: err, Sent: true}
		}
		call.record.Hold(holder)
	}
	if last {
		move(call.response, r.response)
	} else {
		proto.Merge(call.response, r.response)
	}
	return nil
}

// move makes to, which is empty, what from is. from must not be used any more.
func move(to, from proto.Message) {
	m := to.ProtoReflect()
	from.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		m.Set(f, v)
		return true
	})
}

// join returns the audience of an attempt, with the caller in it, and where the result
// will be. The first caller starts the attempt.
func (c *Client) join(ctx context.Context, key string, call *call) (a *audience, results <-chan singleflight.Result, first bool) {
	s := &c.reads
	s.mu.Lock()
	defer s.mu.Unlock()
	a = s.audiences[key]
	if first = a == nil; first {
		a = &audience{source: call.source, held: held{holder: call.record.NewHolder()}}
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
		r := c.read(a, call)
		s.end(key, a)
		return r, nil
	}), first
}

// read makes the attempt. A panic becomes part of the result: on this goroutine it would
// end the process.
func (c *Client) read(a *audience, call *call) (r *reading) {
	own := *call
	own.response, own.held = call.response.ProtoReflect().New().Interface(), &a.held
	r = &reading{response: own.response}
	defer func() {
		if p := recover(); p != nil {
			r.panic = record.Recovered(p)
		}
	}()
	r.err = c.sendWithReauth(a.ctx, &own)
	return r
}

// end keeps later callers from joining an attempt that has ended.
func (s *reads) end(key string, a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(key, a)
	a.cancel(nil)
	if a.ended = true; a.waiting == 0 {
		a.held.holder.Release()
	}
}

// isLast reports whether one caller of an attempt that has ended has not left.
func (s *reads) isLast(a *audience) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return a.waiting == 1
}

// leave takes a caller from the audience. The attempt ends with the last.
func (s *reads) leave(key string, a *audience) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.waiting--; a.waiting > 0 {
		return
	}
	s.forget(key, a)
	// Not with the caller's cause: that its deadline is short says nothing of DLI.
	a.cancel(context.Canceled)
	if a.ended && a.held.holder != nil {
		a.held.holder.Release()
	}
}

// forget must be called with s.mu held, as DoChan is: both maps have the same keys.
func (s *reads) forget(key string, a *audience) {
	if s.audiences[key] == a {
		delete(s.audiences, key)
		s.group.Forget(key)
	}
}
