// Command bench measures connsvc against what it competes with. Each row
// compares two things in one run on one machine, and prints their ratio: absolute
// figures belong to the machine, ratios travel. It is a tool of the build, not
// part of the service.
package main

import (
	"flag"
	"fmt"
	"os"
	"text/tabwriter"
)

// A row is one line of the table: ours against theirs.
type row struct {
	name   string
	ours   string
	theirs string
	ratio  float64 // ours divided by theirs
	target string
}

func main() {
	proxy := flag.String("proxy", "", "serve a bare reverse proxy before this `URL` instead (used by bench itself)")
	rounds := flag.Int("rounds", 5, "rounds of the call rows; each row is the median of its rounds")
	flag.Parse()
	if *proxy != "" {
		exit(serveProxy(*proxy))
	}
	rows := append(codecRows(), validationRows()...)
	calls, err := callRows(*rounds)
	if err != nil {
		exit(err)
	}
	printTable(append(rows, calls...))
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
