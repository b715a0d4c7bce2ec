// Package rollout_test runs several replicas of connsvc. It restarts two of them under
// load, each a process of the real command, and measures the figures of docs/scaling.md.
package rollout_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// A pace has the times of a rollout: a few seconds in all for "go test ./...", or those
// of a small cluster for "make rollout".
type pace struct {
	rate        int           // calls per second over both APIs
	settle      time.Duration // load before, between and after the restarts
	poll        time.Duration // interval of readiness probes
	propagation time.Duration // until balancers react to readiness
	drain       time.Duration // shutdown.drain_delay
}

var (
	short = pace{rate: 200, settle: 300 * time.Millisecond, poll: 20 * time.Millisecond, propagation: 150 * time.Millisecond, drain: 1500 * time.Millisecond}
	whole = pace{rate: 200, settle: 5 * time.Second, poll: 250 * time.Millisecond, propagation: time.Second, drain: 4 * time.Second}
)

var wholeRollout = flag.Bool("whole", false, "restart at the pace of a small cluster")

// binary is the connsvc that run built.
var binary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "connsvc-rollout-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "connsvc")
	if out, err := exec.Command("go", "build", raceFlag(), "-o", binary, "../../cmd/connsvc").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building connsvc: %v\n%s", err, out)
		return 1
	}
	status := m.Run()
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return status
}

// raceFlag returns the -race flag that these tests were built with: with other flags
// "go build" would compile every package once more, which takes a minute.
func raceFlag() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" {
				return "-race=" + s.Value
			}
		}
	}
	return "-race=false"
}
