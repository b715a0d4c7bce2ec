// Package soak_test lets many callers work for a while with a DLI whose weather
// changes, and then compares what DLI has with what they were told. `go test` plays
// a short one; `make soak` a long one.
package soak_test

import (
	"flag"
	"io"
	"log"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	duration = flag.Duration("soak", 2*time.Second, "how long the callers work")
	seed     = flag.Uint64("seed", 0, "repeats the choices of callers and weather; 0: new ones")
)

func TestMain(m *testing.M) {
	// The client of net/http writes there what follows an answer of wrong length.
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}
