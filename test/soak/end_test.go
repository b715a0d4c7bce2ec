package soak_test

import (
	"bufio"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/test/stage"
)

// A result compares DLI's connections in the end with the responses to callers.
type result struct {
	connections int // with a response, and at DLI
	duplicates  int // names that exist twice
	unreported  int // at DLI only
	missing     int // with a response only
	calls       int64
	counters    map[string]float64
}

func compare(s *stage.Stage, y *tally, all []*caller) result {
	var end result
	known := make(map[string]*connection)
	for _, c := range all {
		for _, conn := range c.owns {
			known[conn.id] = conn
		}
	}
	for i := range projects {
		p := s.Project(projectOf(i))
		end.calls += p.Calls()
		names := make(map[string]bool)
		for _, got := range p.Connections(projectOf(i)) {
			if got.GetStatus() == connsvcv1.EnhancedConnection_DELETED {
				continue
			}
			if names[got.GetName()] {
				end.duplicates++
				y.violated("a duplicate: %v", got)
			}
			names[got.GetName()] = true
			conn := known[got.GetId()]
			if conn == nil {
				end.unreported++
				y.violated("no response had %v", got)
				continue
			}
			delete(known, got.GetId())
			end.connections++
			if problem := conn.differs(got); problem != "" {
				y.violated("in the end %s has %s: %v", conn.name, problem, got)
			}
		}
	}
	end.missing = len(known)
	for _, conn := range known {
		y.violated("DLI does not have %s %s", conn.name, conn.id)
	}
	return end
}

// A size is the size of the process when no call is in flight.
type size struct {
	goroutines int
	heap       uint64 // bytes
}

func measure(s *stage.Stage) size {
	s.Disconnect()
	var m runtime.MemStats
	for range 3 { // a sync.Pool is emptied by the second
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return size{runtime.NumGoroutine(), m.HeapAlloc}
}

// The growth that is not a leak.
const (
	maxMoreGoroutines = 16
	maxMoreHeap       = 8 << 20
)

func (z size) within(start size) bool {
	return z.goroutines <= start.goroutines+maxMoreGoroutines && z.heap <= start.heap+maxMoreHeap
}

// waitForSize waits until the process is as small as at the start, or for 5 seconds.
func waitForSize(s *stage.Stage, start size) size {
	z := measure(s)
	for n := 0; n < 100 && !z.within(start); n++ {
		time.Sleep(50 * time.Millisecond)
		z = measure(s)
	}
	return z
}

// counters returns connsvc's counters, summed by name.
func counters(t *testing.T, s *stage.Stage) map[string]float64 {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.Admin+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	resp, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	sums := make(map[string]float64)
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		series, value, _ := strings.Cut(lines.Text(), " ")
		name, _, _ := strings.Cut(series, "{")
		if !strings.HasPrefix(name, "connsvc_upstream_") || !strings.HasSuffix(name, "_total") {
			continue
		}
		if line := lines.Text(); strings.Contains(line, "} ") {
			_, value, _ = strings.Cut(line, "} ")
		}
		if n, err := strconv.ParseFloat(value, 64); err == nil {
			sums[name] += n
		}
	}
	return sums
}

// report prints the table, and fails for each broken guarantee.
func report(t *testing.T, s *stage.Stage, y *tally, end result, before, after size) {
	t.Helper()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	y.write(w)
	calls, succeeded := y.total()
	for _, row := range []struct {
		what  string
		value any
	}{
		{"calls", calls},
		{"succeeded", succeeded},
		{"retried by callers", y.retries},
		{"given up by impatient callers", y.impatient},
		{"calls to DLI", end.calls},
		{"creates with reconciled", y.reconciled},
		{"creates with NAME_TAKEN for the own connection", y.adopted},
		{"connections in the end", end.connections},
		{"duplicates", end.duplicates},
		{"without a response", end.unreported},
		{"missing at DLI", end.missing},
		{"calls without a response", y.noResponse},
		{"goroutines before and after", fmt.Sprintf("%d, %d", before.goroutines, after.goroutines)},
		{"heap before and after", fmt.Sprintf("%d KiB, %d KiB", before.heap>>10, after.heap>>10)},
		{"lines logged", s.Log.Lines()},
	} {
		fmt.Fprintf(w, "%s\t%v\n", row.what, row.value)
	}
	for _, name := range slices.Sorted(maps.Keys(end.counters)) {
		fmt.Fprintf(w, "%s\t%.0f\n", name, end.counters[name])
	}
	_ = w.Flush()
	t.Logf("\n%s", text.String())
	for _, violation := range y.violations {
		t.Error(violation)
	}
	if y.more > 0 {
		t.Errorf("and %d more", y.more)
	}
	if !after.within(before) {
		t.Errorf("connsvc has grown from %+v to %+v", before, after)
	}
	if succeeded == 0 || end.connections == 0 || y.reconciled == 0 {
		t.Error("too little happened to prove anything")
	}
}
