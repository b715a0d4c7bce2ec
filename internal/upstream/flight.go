package upstream

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/credentials"
)

// flights are the attempts of reads under way, for identical ones to share.
//
// Attempts are shared, not calls: each caller repeats, waits and gives up for
// itself. Who would join a call that has failed twice already would have but one
// attempt left, and the calls that fail are those that last and are joined most.
type flights struct {
	mu    sync.Mutex
	byKey map[flightKey]*flight
}

// A flightKey is what makes two reads identical: they send the same, for the same
// caller, and since the same last change. A read that begins when a create has
// ended must find what that made, so it joins none that began before.
type flightKey struct {
	op          *operation
	path, query string
	caller      string // see credentials.CallerKey; empty unless the credentials are the caller's
	writes      uint64
}

// A flight is one attempt under way, for all who wait for it. It is nobody's: it
// goes on while anyone waits, whoever began it. Its outcome is there when done is
// closed, and is only to be read then.
type flight struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	answer proto.Message // of those who joined; nil where nobody did
	err    *Error
	defect error // of a panic

	// Guarded by flights.mu.
	waiting int
	first   bool // who began it still waits
}

// share makes an attempt of a read, or joins an identical one that is under way.
func (c *Client) share(ctx context.Context, call *call, again bool) *Error {
	key := flightKey{op: call.op, path: call.url.EscapedPath(), query: call.url.RawQuery, writes: c.counts.writes.Load()}
	if c.credentials.CallersOwn() {
		key.caller = credentials.CallerKey(ctx)
	}
	f, first := c.flights.join(key)
	switch {
	case first && again:
		c.counts.retries.Add(1)
		c.fly(ctx, key, f, call)
	case first:
		c.fly(ctx, key, f, call)
	case again:
		c.budget.refund()
		c.counts.shared.Add(1)
	default:
		c.counts.shared.Add(1)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		select {
		case <-f.done: // an answer that is there is not to be lost to chance
		default:
			c.flights.leave(ctx, key, f, first)
			return lost(ctx, ctx.Err(), true)
		}
	}
	switch {
	case f.defect != nil:
		panic(f.defect)
	case f.err != nil:
		own := *f.err
		return &own
	case !first:
		c.flights.take(f, call.answer)
	}
	return nil
}

// fly makes the attempt of a flight on a goroutine of its own, into the message of
// the caller who began it.
func (c *Client) fly(ctx context.Context, key flightKey, f *flight, call *call) {
	ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	c.router.calls.Add(1)
	go func() {
		defer c.router.calls.Done()
		defer f.cancel(nil)
		defer close(f.done)
		defer c.flights.land(key, f, call.answer)
		defer f.catch()
		f.err = c.settle(ctx, call)
	}()
}

// catch keeps a panic for those who wait: it is theirs, as if each had made the
// read itself, and not the end of the process.
func (f *flight) catch() {
	if p := recover(); p != nil {
		f.defect = fmt.Errorf("%v\n%s", p, debug.Stack())
	}
}

// join returns the flight of a key, and whether it is a new one.
func (s *flights) join(key flightKey) (*flight, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.byKey[key]; f != nil {
		f.waiting++
		return f, false
	}
	f := &flight{done: make(chan struct{}), waiting: 1, first: true}
	if s.byKey == nil {
		s.byKey = make(map[flightKey]*flight)
	}
	s.byKey[key] = f
	return f, true
}

// land ends a flight: nobody joins it from then on. Those who joined get an answer
// of their own, for who began it goes on to use, and to change, the one there is.
func (s *flights) land(key flightKey, f *flight, answer proto.Message) {
	s.mu.Lock()
	first := f.first
	if first {
		f.first = false
		f.waiting--
	}
	joined := f.waiting
	if s.byKey[key] == f {
		delete(s.byKey, key)
	}
	s.mu.Unlock()
	switch {
	case f.err != nil || f.defect != nil || joined == 0:
	case first:
		f.answer = proto.Clone(answer)
	default:
		f.answer = answer
	}
}

// leave gives a flight up. It ends with the last who waits.
func (s *flights) leave(ctx context.Context, key flightKey, f *flight, first bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if first && !f.first {
		return // it has landed
	}
	f.waiting--
	f.first = f.first && !first
	if f.waiting > 0 {
		return
	}
	if s.byKey[key] == f {
		delete(s.byKey, key)
	}
	f.cancel(context.Cause(ctx))
}

// take hands the answer on to one who joined: the answer itself to the last of
// them, a copy to the others. It may have megabytes.
func (s *flights) take(f *flight, into proto.Message) {
	s.mu.Lock()
	last := f.waiting == 1
	s.mu.Unlock()
	if last {
		move(f.answer, into)
		return
	}
	proto.Merge(into, f.answer)
	s.mu.Lock()
	f.waiting--
	s.mu.Unlock()
}

// move makes to what from is, without a copy of what is in from.
func move(from, to proto.Message) {
	m := to.ProtoReflect()
	from.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		m.Set(field, value)
		return true
	})
}
