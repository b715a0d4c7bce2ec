package credentials

import (
	"context"
	"time"
)

// A flight is one attempt that many callers wait for. None waits after its patience has
// passed, so an attempt that hangs delays only those who came first.
type flight[T any] struct {
	done  chan struct{} // closed when value and err are set
	late  chan struct{} // closed when the patience has passed
	timer *time.Timer   // closes late
	value T
	err   *Error
}

func newFlight[T any](patience time.Duration) *flight[T] {
	f := &flight[T]{done: make(chan struct{}), late: make(chan struct{})}
	f.timer = time.AfterFunc(patience, func() { close(f.late) })
	return f
}

// end ends the flight and wakes its callers.
func (f *flight[T]) end(value T, err *Error) {
	f.timer.Stop()
	f.value, f.err = value, err
	close(f.done)
}

// pending reports whether wait would wait.
func (f *flight[T]) pending() bool {
	select {
	case <-f.done:
		return false
	case <-f.late:
		return false
	default:
		return true
	}
}

// wait waits for the end of the flight, and reports whether it came in time.
func (f *flight[T]) wait(ctx context.Context) bool {
	select {
	case <-f.done:
	case <-f.late:
	case <-ctx.Done():
	}
	select {
	case <-f.done:
		return true
	default:
		return false
	}
}
