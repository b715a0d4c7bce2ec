// Command bench compares connsvc with a bare reverse proxy, and its codec and validation
// with protojson and protovalidate. The two sides of a row take turns in one run, because
// processor time depends on the machine and its load, and the ratio does much less. It is
// a tool of the build, not part of the service, and needs Linux.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// A row is one line of the table.
type row struct {
	name   string
	ours   string
	theirs string
	ratio  float64 // ours divided by theirs
	target string
}

func main() {
	proxy := flag.String("proxy", "", "serve a bare reverse proxy to this `URL` instead (used by bench itself)")
	rounds := flag.Int("rounds", 7, "rounds of each row; a row is the median of its rounds")
	binary := flag.String("connsvc", "", "measure this `file` instead of building ./cmd/connsvc")
	only := flag.String("only", "", "measure only the calls whose name begins with this `text`")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	if *proxy != "" {
		exit(serveProxy(*proxy))
	}
	var rows []row
	if *only == "" {
		rows = append(codecRows(*rounds), validationRows(*rounds)...)
	}
	calls, err := callRows(*rounds, *binary, *only)
	if err != nil {
		exit(err)
	}
	watches, err := watchRows(*binary, *only)
	if err != nil {
		exit(err)
	}
	printTable(slices.Concat(rows, calls, watches))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func printTable(rows []row) {
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "what\tconnsvc\tcompared with\tratio\tto reach")
	for _, r := range rows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%.2f\t%s\n", r.name, r.ours, r.theirs, r.ratio, r.target)
	}
	table.Flush()
}

// A sample is one round of a comparison.
type sample struct{ ours, theirs time.Duration }

// compared makes a row from the rounds of a comparison. Its ratio is the median of the
// rounds' ratios, so that a change of the machine's speed affects both sides alike.
func compared(name, rival, target string, rounds []sample) row {
	var ours, theirs []time.Duration
	var ratios []float64
	for _, r := range rounds {
		ours, theirs = append(ours, r.ours), append(theirs, r.theirs)
		ratios = append(ratios, float64(r.ours)/float64(r.theirs))
	}
	return row{name, show(median(ours)), rival + " " + show(median(theirs)), median(ratios), target}
}

func median[T time.Duration | float64](all []T) T {
	return slices.Sorted(slices.Values(all))[len(all)/2]
}

func show(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%.1fµs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.2fms", float64(d)/float64(time.Millisecond))
}
