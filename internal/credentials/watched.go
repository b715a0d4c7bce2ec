package credentials

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/connsvc/connsvc/internal/watch"
)

const (
	// checkInterval is the shortest time between two readings of secrets.
	checkInterval = time.Second
	// readPatience is how long callers wait for a reading: files may be on a mount that
	// hangs, and the previous value serves meanwhile. firstPatience is that of New.
	readPatience  = 250 * time.Millisecond
	firstPatience = 5 * time.Second
)

var errUnread = errors.New("the secret was not read in time")

// A version is the value of secrets from a time on.
type version[T comparable] struct {
	value  T
	serial int       // one more than that of the previous version
	since  time.Time // zero for the first version
}

// watched are secrets that are read again while they are used. Readings are compared as a
// whole. Each is on a goroutine of its own, one at a time.
type watched[T comparable] struct {
	read    func() (T, error)
	observe func(error) // gets nil for a change, and the first error of a row
	now     func() time.Time
	fixed   bool // it cannot change
	current atomic.Pointer[version[T]]

	mu      sync.Mutex
	reading *flight[struct{}] // nil if there is none
	checked time.Time         // when the last reading began
	broken  bool
}

func newWatched[T comparable](read func() (T, error), fixed bool, source string, o Options) (*watched[T], error) {
	w := &watched[T]{read: read, now: o.Now, fixed: fixed, checked: o.Now()}
	if !fixed {
		w.read = func() (T, error) { return watch.Consistent(read) }
	}
	w.observe = func(err error) {
		if err != nil {
			err = &Error{Kind: Unreadable, Source: source, Err: err}
		}
		o.Observe(Renewal{Source: source, Err: err})
	}
	type result struct {
		value T
		err   error
	}
	first := make(chan result, 1)
	go func() {
		value, err := w.read()
		first <- result{value, err}
	}()
	select {
	case r := <-first:
		w.current.Store(&version[T]{value: r.value})
		return w, r.err
	case <-time.After(firstPatience):
		return nil, errUnread
	}
}

// get returns the value of the secrets, at most a second old unless they cannot be read.
func (w *watched[T]) get(ctx context.Context) *version[T] {
	if !w.fixed && w.mu.TryLock() {
		var f *flight[struct{}]
		if age := w.now().Sub(w.checked); age >= checkInterval || age < 0 {
			f = w.start()
		}
		w.mu.Unlock()
		if f != nil {
			f.wait(ctx)
		}
	}
	return w.current.Load()
}

// fresh reads the secrets and returns their value.
func (w *watched[T]) fresh(ctx context.Context) *version[T] {
	if !w.fixed {
		w.mu.Lock()
		f := w.start()
		w.mu.Unlock()
		f.wait(ctx)
	}
	return w.current.Load()
}

// start returns the reading in flight, starting one if needed. w.mu is held.
func (w *watched[T]) start() *flight[struct{}] {
	if w.reading != nil && !w.reading.pending() && !w.broken {
		w.broken = true
		w.observe(errUnread)
	}
	if w.reading == nil {
		f := newFlight[struct{}](readPatience)
		w.reading, w.checked = f, w.now()
		go func() {
			value, err := w.read()
			w.use(value, err)
			f.end(struct{}{}, nil)
		}()
	}
	return w.reading
}

// use takes over what was read. After an error the previous value stays.
func (w *watched[T]) use(value T, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reading = nil
	switch last := w.current.Load(); {
	case err != nil && !w.broken:
		w.observe(err)
	case err == nil && value != last.value:
		w.current.Store(&version[T]{value: value, serial: last.serial + 1, since: w.checked})
		w.observe(nil)
	}
	w.broken = err != nil
}
