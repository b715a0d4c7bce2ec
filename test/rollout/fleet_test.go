package rollout_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// fleets are the numbers of replicas that are simulated.
var fleets = []int{1, 2, 4, 8}

const connectionResponse = `{"is_success":true,"message":"","id":"%s","name":"test","status":"ACTIVE","available_queue_info":[],"elastic_resource_pools":[],"hosts":[],"create_time":1566889577861}`

// A throttling is a DLI with a rate limit for all callers together; it answers the other
// calls with 429, as DLI's gateway does.
type throttling struct {
	rate  float64
	burst float64

	mu       sync.Mutex
	tokens   float64
	last     time.Time
	rejected atomic.Int64
}

func (d *throttling) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !d.take() {
		d.rejected.Add(1)
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, `{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached"}`)
		return
	}
	fmt.Fprintf(w, connectionResponse, r.URL.Path[len(r.URL.Path)-36:])
}

func (d *throttling) take() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	d.tokens = min(d.burst, d.tokens+d.rate*now.Sub(d.last).Seconds())
	d.last = now
	if d.tokens < 1 {
		return false
	}
	d.tokens--
	return true
}

// A narrow is a DLI that serves few calls at once, each for a fixed time. The others wait
// in its queue: it becomes slow and never rejects a call.
type narrow struct {
	work    chan struct{}
	each    time.Duration
	waiting atomic.Int64
	most    atomic.Int64
}

func (d *narrow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := d.waiting.Add(1)
	defer d.waiting.Add(-1)
	for most := d.most.Load(); now > most && !d.most.CompareAndSwap(most, now); most = d.most.Load() {
	}
	select {
	case d.work <- struct{}{}:
	case <-r.Context().Done():
		return
	}
	defer func() { <-d.work }()
	if pause(r.Context(), d.each) == nil {
		fmt.Fprintf(w, connectionResponse, r.URL.Path[len(r.URL.Path)-36:])
	}
}

// An outcome has the results of the calls of a simulation.
type outcome struct {
	mu     sync.Mutex
	good   []time.Duration
	failed int
}

// offer makes different reads at a steady rate, to each replica in turn. Callers wait for
// two seconds and do not retry.
func offer(b *testing.B, replicas []part, rate int, during time.Duration) *outcome {
	b.Helper()
	o := &outcome{}
	var calling sync.WaitGroup
	began := time.Now()
	for n := 0; time.Since(began) < during; {
		if err := pause(b.Context(), 2*time.Millisecond); err != nil {
			b.Fatal(err)
		}
		for due := int(time.Since(began).Seconds() * float64(rate)); n < due; n++ {
			i := n
			calling.Go(func() { o.call(replicas[i%len(replicas)], i) })
		}
	}
	calling.Wait()
	return o
}

func (o *outcome) call(p part, n int) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	began := time.Now()
	_, err := p.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: requestID(n)})
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		o.failed++
		return
	}
	o.good = append(o.good, time.Since(began))
}

// report reports the outcome and the calls to DLI.
func (o *outcome) report(b *testing.B, during time.Duration, asked int64) {
	slices.Sort(o.good)
	calls := float64(len(o.good) + o.failed)
	b.ReportMetric(float64(len(o.good))/during.Seconds(), "good/s")
	b.ReportMetric(100*float64(o.failed)/calls, "%failed")
	b.ReportMetric(float64(asked)/calls, "DLI-calls/call")
	if len(o.good) > 0 {
		b.ReportMetric(float64(o.good[len(o.good)/2].Milliseconds()), "ms-median")
	}
	b.ReportMetric(0, "ns/op")
}

// BenchmarkRateLimit simulates fleets in front of a DLI with a rate limit of 100 calls a
// second.
func BenchmarkRateLimit(b *testing.B) {
	const limit, during = 100, 5 * time.Second
	for _, offered := range []int{80, 150, 300} {
		for _, n := range fleets {
			b.Run(fmt.Sprintf("offered_%d/replicas_%d", offered, n), func(b *testing.B) {
				for b.Loop() {
					d := &throttling{rate: limit, burst: limit / 10, last: time.Now(), tokens: limit / 10}
					url, asked := counted(b, d)
					o := offer(b, parts(b, n, url, func(*configv1.Upstream) {}), offered, during)
					o.report(b, during, asked.Load())
					b.ReportMetric(float64(d.rejected.Load())/during.Seconds(), "wasted/s")
				}
			})
		}
	}
}

// BenchmarkSlowDLI simulates fleets in front of a DLI that serves 200 calls a second, 10
// at once, at twice that load: with the default adaptive limit of each replica, and with
// max_concurrency divided among them.
func BenchmarkSlowDLI(b *testing.B) {
	const offered, during = 400, 8 * time.Second
	for _, limit := range []struct {
		name string
		of   func(replicas int) int32
	}{
		{"default", func(int) int32 { return 200 }},
		{"divided", func(n int) int32 { return int32(max(20/n, 1)) }},
	} {
		for _, n := range fleets {
			b.Run(fmt.Sprintf("%s/replicas_%d", limit.name, n), func(b *testing.B) {
				for b.Loop() {
					d := &narrow{work: make(chan struct{}, 10), each: 50 * time.Millisecond}
					server := httptest.NewServer(d)
					replicas := parts(b, n, server.URL, func(u *configv1.Upstream) { u.Protection.MaxConcurrency = limit.of(n) })
					o := offer(b, replicas, offered, during)
					var asked, shed int64
					for _, r := range replicas {
						asked += r.counted(b, "connsvc.upstream.attempts", "")
						shed += r.counted(b, "connsvc.upstream.refused", "limit")
					}
					o.report(b, during, asked)
					b.ReportMetric(float64(shed)/during.Seconds(), "shed/s")
					b.ReportMetric(float64(d.most.Load()), "most-at-DLI")
					server.Close()
				}
			})
		}
	}
}
