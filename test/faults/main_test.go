// Package faults_test holds every RPC against every way in which DLI can fail: what
// a caller is told, what DLI did, and whether the caller finds that out by repeating
// the call. What must be told is written here by hand, from the error map of the
// design and docs/errors.md; no table of the service has a part in it.
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
	// The client of net/http writes there what follows an answer of wrong length.
	log.SetOutput(io.Discard)
	// The slow cases wait for timeouts, and wait together.
	if err := flag.Set("test.parallel", "64"); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	goleak.VerifyTestMain(m)
}
