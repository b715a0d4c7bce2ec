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

// maxBroken bounds the broken promises that are kept: the first of many say enough.
const maxBroken = 20

// A tally counts what all callers were told.
type tally struct {
	mu         sync.Mutex
	calls      map[string]map[string]int // by RPC and by what was told
	repeats    int                       // calls that a caller made again
	reconciled int                       // creates that were told to be adopted, by connsvc
	adopted    int                       // creates that a caller adopted when told that the name is taken
	impatient  int                       // calls that their callers gave up
	lost       int
	broken     []string
	more       int // broken promises beside those
}

func (y *tally) told(rpc, what string, again bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.calls == nil {
		y.calls = make(map[string]map[string]int)
	}
	if y.calls[rpc] == nil {
		y.calls[rpc] = make(map[string]int)
	}
	y.calls[rpc][what]++
	if again {
		y.repeats++
	}
}

func (y *tally) add(n *int) {
	y.mu.Lock()
	defer y.mu.Unlock()
	*n++
}

// breaks notes a broken promise.
func (y *tally) breaks(format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if len(y.broken) == maxBroken {
		y.more++
		return
	}
	y.broken = append(y.broken, fmt.Sprintf(format, args...))
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

// write writes the calls as a table: a row for each RPC, with what was told.
func (y *tally) write(w *tabwriter.Writer) {
	fmt.Fprintln(w, "RPC\tcalls\tOK\ttold otherwise")
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
