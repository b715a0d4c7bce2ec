// Package stack spares new goroutines the growing of their stacks. A stack doubles
// each time that it is full, and all that is on it is copied then: for the goroutines
// of a small call that was a twentieth of the call. It changes nothing but the cost.
package stack

// room is about what the goroutines of a call come to need: with what is there, a
// stack of 16 KiB, the largest that the runtime has at hand.
const room = 10 << 10

// Grow has the stack of the calling goroutine grow at once, while there is next to
// nothing on it to copy. It is to be called first on a new goroutine.
//
//go:noinline
func Grow() {
	var space [room]byte
	take(&space)
}

// take makes the compiler keep the space.
//
//go:noinline
func take(*[room]byte) {}
