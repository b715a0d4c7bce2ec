package chain

import (
	"slices"
	"sync"
	"time"
)

// inFlight is the calls in flight, by when they began.
type inFlight struct {
	mu    sync.Mutex
	began map[*Call]time.Time
}

// A RunningCall is a call in flight, as the log of a stop shows it.
type RunningCall struct {
	API       string `json:"api"`
	Method    string `json:"rpc_method"`
	RequestID string `json:"request_id"`
	Age       string `json:"age"`
}

func (f *inFlight) begin(c *Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.began[c] = time.Now()
}

func (f *inFlight) end(c *Call) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.began, c)
}

// count returns the number of calls in flight of each API.
func (f *inFlight) count() map[string]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	of := map[string]int64{GRPC: 0, REST: 0}
	for c := range f.began {
		of[c.API]++
	}
	return of
}

// oldest returns the calls that began first, at most limit, and how many there are.
func (f *inFlight) oldest(limit int) (calls []RunningCall, all int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	sorted := make([]*Call, 0, len(f.began))
	for c := range f.began {
		sorted = append(sorted, c)
	}
	slices.SortFunc(sorted, func(a, b *Call) int { return f.began[a].Compare(f.began[b]) })
	for _, c := range sorted[:min(limit, len(sorted))] {
		age := time.Since(f.began[c]).Round(time.Millisecond)
		calls = append(calls, RunningCall{c.API, c.Method, c.ID, age.String()})
	}
	return calls, len(sorted)
}
