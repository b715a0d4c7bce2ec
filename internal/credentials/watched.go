package credentials

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// checkInterval is how often secrets are read again, at most.
	checkInterval = time.Second
	// maxReadings bounds how often secrets are read until two readings agree.
	maxReadings = 4
)

// A version is what secrets held from a time on.
type version[T comparable] struct {
	value  T
	serial int       // one more than that of the version before
	since  time.Time // zero for the first one
}

// watched are secrets that are read again while they are used. They are read
// whole and compared: times and sizes of files miss what a file system with
// coarse times does not tell, and a symlink swap as Kubernetes does it is nothing
// special then.
type watched[T comparable] struct {
	read    func() (T, error)
	observe func(error) // of a change, nil, and of the first failure of a row
	now     func() time.Time
	fixed   bool // nothing of it can change
	current atomic.Pointer[version[T]]

	mu      sync.Mutex // held while reading
	checked time.Time
	broken  bool
}

func newWatched[T comparable](read func() (T, error), fixed bool, source string, o Options) (*watched[T], error) {
	w := &watched[T]{read: read, now: o.Now, fixed: fixed, checked: o.Now()}
	w.observe = func(err error) {
		if err != nil {
			err = &Error{Kind: Unreadable, Source: source, Err: err}
		}
		o.Observe(Renewal{Source: source, Err: err})
	}
	value, err := w.settled()
	if err != nil {
		return nil, err
	}
	w.current.Store(&version[T]{value: value})
	return w, nil
}

// get returns what the secrets hold, as of a second ago at the most while they
// are used. One caller reads; the others do not wait for a slow file system.
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

// fresh returns what the secrets hold now.
func (w *watched[T]) fresh() *version[T] {
	if !w.fixed {
		w.mu.Lock()
		w.check(w.now())
		w.mu.Unlock()
	}
	return w.current.Load()
}

// check reads the secrets again. What cannot be used does not replace what is.
func (w *watched[T]) check(now time.Time) {
	w.checked = now
	value, err := w.settled()
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

// settled reads until two readings agree, so that files which are replaced at
// once, between two of the reads, do not give half of each.
func (w *watched[T]) settled() (T, error) {
	last, err := w.read()
	if w.fixed {
		return last, err
	}
	for range maxReadings - 1 {
		next, nextErr := w.read()
		if nextErr == nil && err == nil && next == last {
			break
		}
		last, err = next, nextErr
	}
	return last, err
}
