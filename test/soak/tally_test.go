package soak_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
)

// maxViolations bounds the violations that are kept; the first ones suffice.
const maxViolations = 20

// A tally counts the outcomes of all callers.
type tally struct {
	mu         sync.Mutex
	calls      map[string]map[string]int // by RPC and outcome
	retries    int                       // calls that a caller retried
	reconciled int                       // creates whose connection connsvc found after it lost the response
	adopted    int                       // creates that ended with NAME_TAKEN for the caller's own connection
	impatient  int                       // calls whose callers gave up
	noResponse int                       // calls that ended without a response
	violations []string                  // broken guarantees
	more       int                       // violations beyond those
}

func (y *tally) record(rpc, outcome string, retry bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.calls == nil {
		y.calls = make(map[string]map[string]int)
	}
	if y.calls[rpc] == nil {
		y.calls[rpc] = make(map[string]int)
	}
	y.calls[rpc][outcome]++
	if retry {
		y.retries++
	}
}

func (y *tally) add(n *int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	*n++
}

// violated records a broken guarantee.
func (y *tally) violated(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.violations) == maxViolations {
		y.more++
		return
	}
	y.violations = append(y.violations, fmt.Sprintf(format, args...))
}

// total returns how many calls were made, and how many of them succeeded.
func (y *tally) total() (calls, succeeded int) {
	for _, reasons := range y.calls {
		for what, n := range reasons {
			calls += n
			if what == ok {
				succeeded += n
			}
		}
	}
	return calls, succeeded
}

// write writes the calls as a table, with a row for each RPC.
func (y *tally) write(w *tabwriter.Writer) {
	fmt.Fprintln(w, "RPC\tcalls\tOK\tother outcomes")
	for _, rpc := range slices.Sorted(maps.Keys(y.calls)) {
		reasons, calls := y.calls[rpc], 0
		for _, n := range reasons {
			calls += n
		}
		others := slices.DeleteFunc(slices.Collect(maps.Keys(reasons)), func(what string) bool { return what == ok })
		slices.SortFunc(others, func(a, b string) int { return cmp.Or(reasons[b]-reasons[a], strings.Compare(a, b)) })
		for i, what := range others {
			others[i] = fmt.Sprintf("%s %d", what, reasons[what])
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%s\n", rpc, calls, reasons[ok], strings.Join(others, ", "))
	}
}
