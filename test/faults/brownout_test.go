package faults_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator/faults"
)

// readers is the number of parallel callers during a brown-out.
const readers = 64

// measureBrownOut measures reads while DLI answers 30 % of its calls with 503: reads
// of different connections, and reads of one connection, which share calls to DLI.
func measureBrownOut(t *testing.T) []figure {
	var rows []figure
	for _, c := range []struct {
		name   string
		hot    bool
		budget int32
	}{
		{"each of its own, default", false, 20},
		{"each of its own, budget_percent 50", false, 50},
		{"one connection, default", true, 20},
	} {
		u := documented()
		u.Retry.BudgetPercent = proto.Int32(c.budget)
		b := newBench(t, readers, u)
		b.dli.Wrap(slowly)
		b.fail(t, faults.Rule{Operation: "*", Probability: 0.3, Seed: 7, Fault: status(503)})
		before := b.dli.Calls()
		s := b.read(t, c.hot, scaled(10, 100))
		s.check(t, ok, unavailable)
		each := float64(b.dli.Calls()-before) / float64(len(s.took))
		rows = append(rows,
			figure{"30 % 503, readOnly, " + c.name + ": succeeded", s.share(ok), "at least 99 %"},
			figure{"30 % 503, readOnly, " + c.name + ": calls to DLI for each", fmt.Sprintf("%.2f", each), "at most 1.2"})
		closeStage(t, b.Stage)
	}
	return rows
}

// slowly delays each response, as the real DLI does.
func slowly(dli http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		dli.ServeHTTP(w, r)
	})
}

// read calls get from every reader: one connection each, or the same for all if hot.
func (b *bench) read(t *testing.T, hot bool, times int) *sample {
	t.Helper()
	var s sample
	var wg sync.WaitGroup
	for i := range readers {
		id := b.ids[i]
		if hot {
			id = b.ids[0]
		}
		client := clients[i%2](b.Stage)
		wg.Go(func() {
			for range times {
				began := time.Now()
				r := client.Call(t.Context(), methodPrefix+"GetEnhancedConnection", getOf(id), &connsvcv1.EnhancedConnection{})
				s.add(r, time.Since(began))
			}
		})
	}
	wg.Wait()
	return &s
}
