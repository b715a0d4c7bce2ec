package service

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/credentials"
	"github.com/connsvc/connsvc/internal/stack"
)

// A flight is a create under way, and the calls that wait for it.
type flight struct {
	key      flightKey
	creation *creation
	lease    *lease
	waiting  int           // guarded by flights.mu; 0: nobody joins any more
	done     chan struct{} // closed when resp and err are set
	resp     *connsvcv1.CreateEnhancedConnectionResponse
	err      error
	defect   *Error // of a panic, with its stack
}

// A flightKey is what two creates must at least have in common to be one. The
// caller is that of a token which may be handed on: what DLI allows one caller says
// nothing of another.
type flightKey struct{ project, name, caller string }

// flights are the creates under way. Those of one key are told apart by their
// whole requests, which are compared only where there are two.
type flights struct {
	mu       sync.Mutex
	byKey    map[flightKey][]*flight
	underWay int           // those that nobody waits for any more, too
	landed   chan struct{} // closed when none is; nil: nobody waits for that
}

// share runs c, or waits for an identical create that is under way. What is under
// way goes on as long as one call waits for it.
func (s *Service) share(ctx context.Context, c *creation) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	f, first := s.flights.join(ctx, c)
	if first {
		go s.fly(f)
	} else {
		s.observe(ctx, Shared)
	}
	select {
	case <-f.done:
	case <-ctx.Done():
		select {
		case <-f.done: // what is known is not to be lost to chance
		default:
			s.flights.leave(ctx, f)
			return nil, f.abandoned(ctx)
		}
	}
	if f.defect != nil {
		panic(f.defect)
	}
	if !first && f.resp != nil {
		return proto.CloneOf(f.resp), f.err
	}
	return f.resp, f.err
}

// fly runs the create of a flight on a goroutine of its own.
func (s *Service) fly(f *flight) {
	stack.Grow()
	defer s.flights.finish(f)
	defer s.catch(f)
	f.resp, f.err = f.creation.run(f.lease)
}

// catch keeps a panic for those who wait: no interceptor sees it here. What it is
// thrown with says whether DLI may have made the connection before.
func (s *Service) catch(f *flight) {
	v := recover()
	if v == nil {
		return
	}
	reason := connsvcv1.ErrorReason_INTERNAL
	if f.creation.posted.Load() {
		reason = connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN
		s.observe(f.lease, NotFound)
	}
	f.defect = NewError(reason, "", fmt.Errorf("%v\n%s", v, debug.Stack()))
}

// abandoned is the error of a call that could not wait any longer.
func (f *flight) abandoned(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && f.creation.posted.Load() {
		return NewError(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", ctx.Err())
	}
	return FromError(ctx.Err())
}

// join returns the flight to wait for, and whether the caller has to start it.
func (fs *flights) join(ctx context.Context, c *creation) (f *flight, first bool) {
	key := flightKey{c.req.GetProjectId(), c.req.GetName(), credentials.CallerKey(ctx)}
	var others map[*flight]bool // that are not identical, or over
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for {
		f = fs.candidate(key, others)
		if f == nil {
			return fs.add(ctx, key, c), true
		}
		if fs.identical(f, c) && f.waiting > 0 {
			f.waiting++
			f.lease.extend(ctx)
			return f, false
		}
		if others == nil {
			others = map[*flight]bool{}
		}
		others[f] = true
	}
}

// candidate returns a flight of that key that is not among others, nil if there
// is none.
func (fs *flights) candidate(key flightKey, others map[*flight]bool) *flight {
	for _, f := range fs.byKey[key] {
		if !others[f] {
			return f
		}
	}
	return nil
}

// identical compares without the lock: there can be megabytes to compare.
func (fs *flights) identical(f *flight, c *creation) bool {
	fs.mu.Unlock()
	defer fs.mu.Lock()
	return proto.Equal(f.creation.req, c.req)
}

func (fs *flights) add(ctx context.Context, key flightKey, c *creation) *flight {
	f := &flight{key: key, creation: c, lease: newLease(ctx), waiting: 1, done: make(chan struct{})}
	if fs.byKey == nil {
		fs.byKey = map[flightKey][]*flight{}
	}
	fs.byKey[key] = append(fs.byKey[key], f)
	fs.underWay++
	return f
}

// leave ends what nobody waits for any more, as the context of the last ended.
func (fs *flights) leave(ctx context.Context, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		fs.remove(f)
		f.lease.end(ctx.Err())
	}
}

func (fs *flights) finish(f *flight) {
	fs.mu.Lock()
	fs.remove(f)
	f.waiting = 0
	if fs.underWay--; fs.underWay == 0 && fs.landed != nil {
		close(fs.landed)
		fs.landed = nil
	}
	fs.mu.Unlock()
	f.lease.end(context.Canceled)
	close(f.done)
}

// Wait returns when no create is under way, or ctx ends. A create can outlive its
// callers for a moment.
func (s *Service) Wait(ctx context.Context) {
	select {
	case <-s.flights.allLanded():
	case <-ctx.Done():
	}
}

func (fs *flights) allLanded() <-chan struct{} {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.landed != nil {
		return fs.landed
	}
	landed := make(chan struct{})
	if fs.underWay == 0 {
		close(landed)
	} else {
		fs.landed = landed
	}
	return landed
}

func (fs *flights) remove(f *flight) {
	rest := slices.DeleteFunc(fs.byKey[f.key], func(other *flight) bool { return other == f })
	if len(rest) == 0 {
		delete(fs.byKey, f.key)
		return
	}
	fs.byKey[f.key] = rest
}
