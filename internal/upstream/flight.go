package upstream

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/connsvc/connsvc/internal/credentials"
)

// flights are the reads under way, for identical ones to share.
type flights struct {
	mu    sync.Mutex
	byKey map[flightKey]*flight
	// writes counts the calls that may have changed something and have ended.
	writes atomic.Uint64
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

// A flight is one read under way, for all who wait for it. It is nobody's: it goes
// on while anyone waits, whoever began it. Its outcome is there when done is
// closed, and is only to be read then.
type flight struct {
	cancel context.CancelCauseFunc
	done   chan struct{}
	answer proto.Message
	err    *Error
	defect error // of a panic

	// Guarded by flights.mu.
	waiting  int
	deadline time.Time // the latest of those who joined; zero for none
}

// share makes a read, or joins an identical one that is under way.
func (c *client) share(ctx context.Context, call *call) *Error {
	key := flightKey{op: call.op, path: call.url.EscapedPath(), query: call.url.RawQuery, writes: c.flights.writes.Load()}
	if c.credentials.CallersOwn() {
		key.caller = credentials.CallerKey(ctx)
	}
	f, first := c.flights.join(key, ctx)
	if !first {
		c.counts.shared.Add(1)
	} else {
		c.fly(ctx, key, f, call)
	}
	select {
	case <-f.done:
		return c.flights.take(f, call.answer)
	case <-ctx.Done():
		c.flights.leave(key, f, ctx)
		return lost(ctx, ctx.Err(), true)
	}
}

// fly makes the read of a flight on a goroutine of its own.
func (c *client) fly(ctx context.Context, key flightKey, f *flight, call *call) {
	shared := *call
	// Whoever began it may go on to use its message while others wait.
	shared.answer = call.answer.ProtoReflect().New().Interface()
	ctx, f.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	c.users.Add(1)
	go func() {
		defer c.release()
		defer f.cancel(nil)
		defer c.flights.land(key, f)
		defer f.catch()
		f.answer, f.err = shared.answer, c.repeat(ctx, &shared, func() (time.Time, bool) { return c.flights.deadline(f) })
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
func (s *flights) join(key flightKey, ctx context.Context) (*flight, bool) {
	deadline, bounded := ctx.Deadline()
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.byKey[key]; f != nil {
		f.waiting++
		if !bounded || !f.deadline.IsZero() && deadline.After(f.deadline) {
			f.deadline = deadline
		}
		return f, false
	}
	f := &flight{done: make(chan struct{}), waiting: 1, deadline: deadline}
	if s.byKey == nil {
		s.byKey = make(map[flightKey]*flight)
	}
	s.byKey[key] = f
	return f, true
}

// deadline is the latest that anyone waits for a flight.
func (s *flights) deadline(f *flight) (time.Time, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.deadline, !f.deadline.IsZero()
}

// land makes the outcome of a flight known. Nobody joins it from then on.
func (s *flights) land(key flightKey, f *flight) {
	s.remove(key, f)
	close(f.done)
}

func (s *flights) remove(key flightKey, f *flight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byKey[key] == f {
		delete(s.byKey, key)
	}
}

// leave gives a flight up. It ends with the last who waits.
func (s *flights) leave(key flightKey, f *flight, ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f.waiting--; f.waiting > 0 {
		return
	}
	if s.byKey[key] == f {
		delete(s.byKey, key)
	}
	f.cancel(context.Cause(ctx))
}

// take hands the outcome of a flight on: the answer itself to the last who takes
// it, a copy to the others. It may have megabytes.
func (s *flights) take(f *flight, into proto.Message) *Error {
	if f.defect != nil {
		panic(f.defect)
	}
	if f.err != nil {
		own := *f.err
		return &own
	}
	s.mu.Lock()
	last := f.waiting == 1
	s.mu.Unlock()
	if last {
		move(f.answer, into)
		return nil
	}
	proto.Merge(into, f.answer)
	s.mu.Lock()
	f.waiting--
	s.mu.Unlock()
	return nil
}

// move makes to what from is, without a copy of what is in from.
func move(from, to proto.Message) {
	m := to.ProtoReflect()
	from.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		m.Set(field, value)
		return true
	})
}
