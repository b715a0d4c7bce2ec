package faults

import (
	"slices"
	"sync"
	"time"
)

// lateCalls are calls that are executed after their time: with the next call, so
// that they need no timer and follow the emulator's clock.
type lateCalls struct {
	mu    sync.Mutex
	calls []lateCall // in the order of their time
}

type lateCall struct {
	at      time.Time
	execute func()
}

func (l *lateCalls) add(at time.Time, execute func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	after := slices.IndexFunc(l.calls, func(c lateCall) bool { return c.at.After(at) })
	if after < 0 {
		after = len(l.calls)
	}
	l.calls = slices.Insert(l.calls, after, lateCall{at, execute})
}

// ExecuteLate executes the calls whose time has come. It returns when they are done,
// also if another goroutine executes them.
func (s *Set) ExecuteLate() {
	s.late.mu.Lock()
	defer s.late.mu.Unlock()
	now := s.now()
	for len(s.late.calls) > 0 && !now.Before(s.late.calls[0].at) {
		call := s.late.calls[0]
		s.late.calls = slices.Delete(s.late.calls, 0, 1)
		call.execute()
	}
}
