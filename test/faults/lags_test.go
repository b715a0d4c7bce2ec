package faults_test

import (
	"time"

	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// A lag is how DLI's lists lag or its clocks differ while a create fails.
type lag struct {
	name  string
	rules []faults.Rule
	// hides: by DLI's times a connection may seem older or younger than the POST that made
	// it, and whether a POST without a response made it stays unknown.
	hides bool
}

func lags() []lag {
	const late = listLag / 2
	of := func(rpc string, kind faults.Kind, d time.Duration) []faults.Rule {
		return []faults.Rule{{Operation: rpc, Fault: delayed(kind, d)}}
	}
	replicas := of("ListEnhancedConnections", faults.OldList, late)
	replicas[0].Every = 2
	return []lag{
		{name: "lists late for each connection", rules: of(create, faults.SlowList, late)},
		{name: "lists as snapshots", rules: of("ListEnhancedConnections", faults.SnapshotList, late)},
		{name: "tags late", rules: of(create, faults.SlowTags, late)},
		{name: "Date ahead", rules: of(faults.AnyOperation, faults.ShiftedDate, 2*time.Second), hides: true},
		{name: "Date behind", rules: of(faults.AnyOperation, faults.ShiftedDate, -2*time.Second), hides: true},
		{name: "one of two replicas late", rules: replicas},
	}
}

// lagCases returns the cells of creates under each lag.
func lagCases() []matrixCase {
	var cases []matrixCase
	for _, op := range createOperations() {
		for _, f := range allFaults() {
			if f.only != nil && f.kind == nil || f.retryAfter > 0 {
				continue // a lag itself, and a Retry-After by the clock that a lag shifts
			}
			for _, l := range lags() {
				cases = append(cases, matrixCase{op: op, fault: f, client: clients[len(cases)%len(clients)], lag: l})
			}
		}
	}
	return cases
}
