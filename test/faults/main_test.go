// Package faults_test runs every RPC against every way in which DLI can fail. It checks
// the caller's outcome, what DLI executed, and that retries find that out. The expected
// outcomes are written by hand from docs/errors.md, not taken from the service.
package faults_test

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// net/http logs there the bytes that follow a response of wrong length.
	log.SetOutput(io.Discard)
	// The slow cases wait for timeouts, which they can do in parallel.
	if err := flag.Set("test.parallel", "64"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	goleak.VerifyTestMain(m)
}
