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
	"github.com/connsvc/connsvc/internal/apierror"
	"github.com/connsvc/connsvc/internal/credentials"
)

// A flight is a create under way, on the goroutine of the call whose turn it is, and
// the calls that wait for it.
type flight struct {
	key      flightKey
	creation *creation
	ctx      context.Context    // has the values and the deadline of that call; done when nobody waits
	cancel   context.CancelFunc // changed with flights.mu held, by whose turn it is
	waiting  int                // guarded by flights.mu; 0: nobody joins any more
	done     chan struct{}      // bears the turn to go on; closed when resp and err are the outcome
	resp     *connsvcv1.CreateEnhancedConnectionResponse
	err      error
	defect   *apierror.Error // of a panic, with its stack
}

// A flightKey is what two creates must at least have in common to be one. The
// caller is that of a token which may be handed on: what DLI allows one caller says
// nothing of another.
type flightKey struct{ project, name, caller string }

// flights are the creates under way. Those of one key are told apart by their
// whole requests, which are compared only where there are two.
type flights struct {
	mu    sync.Mutex
	byKey map[flightKey][]*flight
}

// share runs c, or waits for an identical create that is under way. What is under
// way goes on as long as one call waits for it: where the time of the call that runs
// it is over, one that has more goes on from there.
func (s *Service) share(ctx context.Context, c *creation) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	f, first := s.flights.join(ctx, c)
	if first {
		return s.fly(ctx, f)
	}
	s.observe(ctx, Shared)
	var turn bool
	select {
	case _, turn = <-f.done:
	case <-ctx.Done():
		select {
		case _, turn = <-f.done: // what is known is not to be lost to chance
		default:
			s.flights.leave(f)
			return nil, f.abandoned(ctx)
		}
	}
	switch {
	case turn && ctx.Err() == nil && f.hadLessTime(ctx):
		s.flights.board(ctx, f)
		return s.fly(ctx, f)
	case turn:
		err := f.err
		s.flights.leave(f)
		f.pass()
		return nil, err
	case f.defect != nil:
		panic(f.defect)
	default:
		return proto.CloneOf(f.resp), f.err
	}
}

// fly runs the create of a flight, for the call whose turn it is and all that wait:
// it goes on for those when its own caller goes.
func (s *Service) fly(ctx context.Context, f *flight) (*connsvcv1.CreateEnhancedConnectionResponse, error) {
	var left sync.Once
	stay := context.AfterFunc(ctx, func() {
		if errors.Is(ctx.Err(), context.Canceled) { // f has the deadline, too
			left.Do(func() { s.flights.leave(f) })
		}
	})
	defer stay()
	s.run(f)
	if f.defect != nil {
		panic(f.defect)
	}
	resp, err := f.resp, f.err
	if f.creation.cut {
		left.Do(func() { s.flights.leave(f) })
		f.pass()
	}
	return resp, err
}

// run runs the create of a flight, to its end or until its time is over.
func (s *Service) run(f *flight) {
	defer func() {
		if f.defect == nil && f.creation.cut {
			f.cancel()
		} else {
			s.flights.finish(f)
		}
	}()
	defer s.catch(f)
	f.resp, f.err = f.creation.run(f.ctx)
}

// pass leaves the turn to who waits, if anyone does.
func (f *flight) pass() { f.done <- struct{}{} }

// catch keeps a panic for those who wait, who throw it again. What it is thrown with
// says whether DLI may have made the connection before.
func (s *Service) catch(f *flight) {
	v := recover()
	if v == nil {
		return
	}
	reason := connsvcv1.ErrorReason_INTERNAL
	if f.creation.posted.Load() {
		reason = connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN
		s.observe(f.ctx, NotFound)
	}
	f.defect = apierror.New(reason, "", fmt.Errorf("%v\n%s", v, debug.Stack()))
}

// abandoned is the error of a call that could not wait any longer.
func (f *flight) abandoned(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && f.creation.posted.Load() {
		return apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", ctx.Err())
	}
	return apierror.From(ctx.Err())
}

// hadLessTime reports whether ctx lasts longer than what f had.
func (f *flight) hadLessTime(ctx context.Context) bool {
	had, bounded := f.ctx.Deadline()
	has, ok := ctx.Deadline()
	return bounded && (!ok || has.After(had))
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
	f := &flight{key: key, creation: c, waiting: 1, done: make(chan struct{}, 1)}
	f.last(ctx)
	if fs.byKey == nil {
		fs.byKey = map[flightKey][]*flight{}
	}
	fs.byKey[key] = append(fs.byKey[key], f)
	return f
}

// board gives a flight to the call whose turn it is.
func (fs *flights) board(ctx context.Context, f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f.last(ctx)
}

// last has the flight last as long as ctx does, though not end with it.
func (f *flight) last(ctx context.Context) {
	if at, ok := ctx.Deadline(); ok {
		f.ctx, f.cancel = context.WithDeadline(context.WithoutCancel(ctx), at)
	} else {
		f.ctx, f.cancel = context.WithCancel(context.WithoutCancel(ctx))
	}
}

// leave ends what nobody waits for any more.
func (fs *flights) leave(f *flight) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if f.waiting--; f.waiting == 0 {
		fs.remove(f)
		f.cancel()
	}
}

func (fs *flights) finish(f *flight) {
	fs.mu.Lock()
	fs.remove(f)
	f.waiting = 0
	fs.mu.Unlock()
	f.cancel()
	close(f.done)
}

func (fs *flights) remove(f *flight) {
	rest := slices.DeleteFunc(fs.byKey[f.key], func(other *flight) bool { return other == f })
	if len(rest) == 0 {
		delete(fs.byKey, f.key)
		return
	}
	fs.byKey[f.key] = rest
}
