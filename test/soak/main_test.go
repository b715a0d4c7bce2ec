// Package soak_test runs many callers while DLI fails in changing ways, and then compares
// DLI's connections with the responses that the callers had. "go test" takes seconds,
// "make soak" as long as it is told.
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
	seed     = flag.Uint64("seed", 0, "repeats the random choices of a run; 0: new ones")
)

func TestMain(m *testing.M) {
	// net/http logs there the bytes that follow a response of wrong length.
	log.SetOutput(io.Discard)
	goleak.VerifyTestMain(m)
}
