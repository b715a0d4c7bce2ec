// Package attack_test attacks a whole connsvc over its ports, as a stranger or as a caller
// who wants more than is theirs. Each case is one attempt; the suite counts them and fails
// if one succeeds.
package attack_test

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"
)

// tried and succeeded count the attempts.
var tried, succeeded atomic.Int64

func TestMain(m *testing.M) {
	flag.Parse()
	if *childOf != "" {
		os.Exit(serveAsChild(*childOf))
	}
	log.SetOutput(io.Discard) // net/http's, of broken requests
	status := m.Run()
	fmt.Printf("attack: %d cases, %d succeeded\n", tried.Load(), succeeded.Load())
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// An attempt is one attack. try returns what it achieved; empty: nothing.
type attempt struct {
	name string
	try  func(t *testing.T, at *target) string
}

// play tries all attacks at one target.
func play(t *testing.T, at *target, attempts []attempt) {
	t.Helper()
	for _, a := range attempts {
		t.Run(a.name, func(t *testing.T) {
			tried.Add(1)
			if achieved := a.try(t, at); achieved != "" {
				succeeded.Add(1)
				t.Errorf("the attack succeeds: %s", achieved)
			}
		})
	}
}
