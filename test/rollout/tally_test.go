package rollout_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"text/tabwriter"
	"time"
)

// A tally counts the outcomes of calls.
type tally struct {
	mu      sync.Mutex
	rows    map[kindOfCall]*count
	reasons map[string]int
}

type kindOfCall struct{ api, kind string }

type count struct{ calls, failed int }

func newTally() *tally {
	return &tally{rows: map[kindOfCall]*count{}, reasons: map[string]int{}}
}

func (t *tally) add(api, kind string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	key := kindOfCall{api, kind}
	if t.rows[key] == nil {
		t.rows[key] = &count{}
	}
	t.rows[key].calls++
	if err != nil {
		t.rows[key].failed++
		t.reasons[fmt.Sprintf("%s %s: %s", api, kind, reasonOf(err))]++
	}
}

// reasonOf returns the text of an error without parts that vary, such as ports.
func reasonOf(err error) string {
	var timeout net.Error
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "connection reset"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed without a response"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no response in time"
	default:
		return err.Error()
	}
}

// sum returns the calls of a kind over both APIs; of all kinds if it is empty.
func (t *tally) sum(kind string) (c count) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, row := range t.rows {
		if kind == "" || key.kind == kind {
			c.calls += row.calls
			c.failed += row.failed
		}
	}
	return c
}

// A restart is the stop of one replica and the start of its replacement.
type restart struct {
	name   string
	ready  time.Duration // from exec
	drain  time.Duration // from SIGTERM to the end of the process; 0: it was not stopped
	status string
}

// print prints the tables of a rollout.
func (t *tally) print(w io.Writer, p pace, restarts []restart) {
	t.mu.Lock()
	defer t.mu.Unlock()
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%d calls/s over both APIs, drain delay %v, endpoints follow readiness after %v\n\n", p.rate, p.drain, p.propagation)
	fmt.Fprintln(table, "API	call\tcalls\tfailed")
	keys := slices.SortedFunc(maps.Keys(t.rows), func(a, b kindOfCall) int {
		return strings.Compare(a.api+a.kind, b.api+b.kind)
	})
	for _, key := range keys {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\n", key.api, key.kind, t.rows[key].calls, t.rows[key].failed)
	}
	fmt.Fprintln(table, "\nprocess\tready after exec\tto reach\tdrained and ended in\texit status")
	for _, r := range restarts {
		fmt.Fprintf(table, "%s\t%v\tunder 300ms\t%v\t%s\n", r.name, r.ready.Round(time.Millisecond), r.drain.Round(time.Millisecond), r.status)
	}
	table.Flush()
	for _, reason := range slices.Sorted(maps.Keys(t.reasons)) {
		fmt.Fprintf(w, "failed: %d x %s\n", t.reasons[reason], reason)
	}
}
