package credentials

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/connsvc/connsvc/internal/watch"
)

// checkInterval is the shortest time between two readings of secrets.
const checkInterval = time.Second

// A version is the value of secrets from a time on.
type version[T comparable] struct {
	value  T
	serial int       // one more than that of the previous version
	since  time.Time // zero for the first version
}

// watched are secrets that are read again while they are used. Readings are
// compared as a whole; unlike in package watch nobody waits between them.
type watched[T comparable] struct {
	read    func() (T, error)
	observe func(error) // gets nil for a change, and the first error of a row
	now     func() time.Time
	fixed   bool // it cannot change
	current atomic.Pointer[version[T]]

	mu      sync.Mutex // held while reading
	checked time.Time
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
	value, err := w.read()
	if err != nil {
		return nil, err
	}
	w.current.Store(&version[T]{value: value})
	return w, nil
}

// get returns the value of the secrets, at most a second old. One caller reads; the
// others do not wait for a slow file system.
func (w *watched[T]) get() *version[T] {
	if !w.fixed && w.mu.TryLock() {
		now := w.now()
		if age := now.Sub(w.checked); age >= checkInterval || age < 0 {
			w.check(now)
		}
		w.mu.Unlock()
	}
	return w.current.Load()
}

// fresh reads the secrets and returns their value.
func (w *watched[T]) fresh() *version[T] {
	if !w.fixed {
		w.mu.Lock()
		w.check(w.now())
		w.mu.Unlock()
	}
	return w.current.Load()
}

// check reads the secrets again. If that fails, the previous value stays.
func (w *watched[T]) check(now time.Time) {
	w.checked = now
	value, err := w.read()
	switch {
	case err != nil:
		if !w.broken {
			w.observe(err)
		}
		w.broken = true
		return
	case value != w.current.Load().value:
		w.current.Store(&version[T]{value: value, serial: w.current.Load().serial + 1, since: now})
		w.observe(nil)
	}
	w.broken = false
}
