package rollout_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
)

// changeInterval is the time between two changes that the watches follow.
const changeInterval = 20 * time.Millisecond

// TestWatchesSurviveRollingRestart restarts two replicas while connections are created and
// deleted. Watches go on by their resume_token at the other replica, and know all that has
// changed; a wait is repeated until it ends.
func TestWatchesSurviveRollingRestart(t *testing.T) {
	c, p, dli := startCluster(t)
	setNetwork(t, dli, `{"peerings":[{"name":"q_slow","delay":"1h"}]}`)
	slow := newCreate("slow")
	slow.Queues, slow.RequestId = []string{"q_slow"}, requestID(999_999)
	slowID, err := c.grpc.create(t.Context(), slow)
	if err != nil {
		t.Fatal(err)
	}

	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	watches := []*follower{
		{name: "gRPC", follow: c.grpc.watch, live: map[string]bool{}},
		{name: "SSE", follow: watcherOf(c.balancer.url()), live: map[string]bool{}},
	}
	var following, changing, waiting sync.WaitGroup
	for _, f := range watches {
		following.Go(func() { f.run(ctx, t) })
	}
	repeats := make([]int, 2)
	for i, wait := range []func(context.Context, string) (time.Duration, error){c.grpc.wait, waiterOf(c.balancer.url())} {
		waiting.Go(func() {
			for {
				again, err := wait(ctx, slowID)
				if err != nil {
					t.Errorf("wait %d: %v", i, err)
				}
				if again == 0 || pause(ctx, again) != nil {
					return
				}
				repeats[i]++
			}
		})
	}
	live := map[string]bool{slowID: true}
	changes, stopChanges := context.WithCancel(ctx)
	changing.Go(func() { change(changes, t, c.grpc, live) })
	for i := range c.replicas {
		if pause(t.Context(), p.settle) == nil {
			c.restart(i)
		}
	}
	_ = pause(t.Context(), p.propagation+p.settle)
	stopChanges()
	changing.Wait()
	setNetwork(t, dli, `{"peerings":[]}`)
	waiting.Wait()
	for _, f := range watches {
		f.await(t, live)
	}
	leave()
	following.Wait()
	c.stop()
	for _, f := range watches {
		t.Logf("watch over %s: %d events, %d reconnects", f.name, f.events, f.reconnects)
		if f.reconnects == 0 {
			t.Errorf("the watch over %s was on no replica that stopped", f.name)
		}
	}
	t.Logf("waits: repeated %d times over gRPC, %d times over REST", repeats[0], repeats[1])
	if repeats[0]+repeats[1] == 0 {
		t.Error("no wait was on a replica that stopped")
	}
}

// change creates and deletes connections until ctx ends. live has those that exist.
func change(ctx context.Context, t *testing.T, client *grpcClient, live map[string]bool) {
	var made []string
	for n := 0; pause(ctx, changeInterval) == nil; n++ {
		if n%3 == 2 {
			id := made[0]
			made = made[1:]
			if _, err := client.client.DeleteEnhancedConnection(t.Context(), &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: id}); err != nil {
				t.Errorf("deleting: %v", reasoned(err))
			}
			delete(live, id)
			continue
		}
		req := newCreate("watched_" + strconv.Itoa(n))
		req.RequestId = requestID(n)
		id, err := client.create(t.Context(), req)
		if err != nil {
			t.Errorf("creating: %v", err)
			continue
		}
		live[id] = true
		made = append(made, id)
	}
}

// An observed is an event of a watch.
type observed struct{ kind, id, token string }

// A follower follows the connections of the project, and watches again when a watch ends.
type follower struct {
	name string
	// follow watches once from a token until the watch ends.
	follow func(ctx context.Context, token string, see func(observed)) error

	mu                 sync.Mutex
	live               map[string]bool
	events, reconnects int
}

func (f *follower) run(ctx context.Context, t *testing.T) {
	var token, last string
	for ctx.Err() == nil {
		err := f.follow(ctx, token, func(e observed) {
			f.mu.Lock()
			defer f.mu.Unlock()
			f.events++
			last = e.kind
			if e.token != "" {
				token = e.token
			}
			switch e.kind {
			case "ADDED", "MODIFIED":
				f.live[e.id] = true
			case "DELETED":
				delete(f.live, e.id)
			case "RECONNECT":
				f.reconnects++
			}
		})
		if ctx.Err() == nil && (err != nil || last != "RECONNECT") {
			t.Errorf("the watch over %s ended after %s: %v", f.name, last, err)
			_ = pause(ctx, 100*time.Millisecond)
		}
	}
}

// await waits until the follower knows what exists.
func (f *follower) await(t *testing.T, live map[string]bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		f.mu.Lock()
		known := maps.Clone(f.live)
		f.mu.Unlock()
		if maps.Equal(known, live) {
			return
		}
		if time.Now().After(deadline) || pause(t.Context(), 10*time.Millisecond) != nil {
			t.Errorf("the watch over %s knows %d connections, and %d exist", f.name, len(known), len(live))
			return
		}
	}
}

func (d *grpcClient) watch(ctx context.Context, token string, see func(observed)) error {
	stream, err := d.client.WatchEnhancedConnections(ctx, &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: project, ResumeToken: token})
	for err == nil {
		var e *connsvcv1.WatchEnhancedConnectionsResponse
		if e, err = stream.Recv(); err == nil {
			see(observed{e.GetType().String(), e.GetConnection().GetId(), e.GetResumeToken()})
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return reasoned(err)
}

// watcherOf returns the follow of a watch by server-sent events.
func watcherOf(base string) func(context.Context, string, func(observed)) error {
	client := &http.Client{Transport: &http.Transport{}}
	return func(ctx context.Context, token string, see func(observed)) error {
		defer client.CloseIdleConnections()
		resp, err := get(ctx, client, base+"/connsvc/v1/"+project+"/enhanced-connections:watch?resume_token="+url.QueryEscape(token))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return errors.New(resp.Status)
		}
		var e observed
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			switch field, value, _ := strings.Cut(lines.Text(), ": "); field {
			case "id":
				e.token = value
			case "event":
				e.kind = value
			case "data":
				var data struct {
					Connection struct{ ID string } `json:"connection"`
				}
				if err := json.Unmarshal([]byte(value), &data); err != nil {
					return err
				}
				e.id = data.Connection.ID
			case "":
				see(e)
				e = observed{}
			}
		}
		return lines.Err()
	}
}

// wait waits once for the peerings of a connection. It returns after which time the wait is
// to be repeated; 0 where it is over.
func (d *grpcClient) wait(ctx context.Context, id string) (time.Duration, error) {
	resp, err := d.client.WaitEnhancedConnection(ctx, &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: project, ConnectionId: id})
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration(), nil
		}
	}
	if err == nil && resp.GetReached() != connsvcv1.WaitEnhancedConnectionResponse_READY {
		err = fmt.Errorf("reached %v", resp.GetReached())
	}
	return 0, err
}

// waiterOf returns the wait over REST.
func waiterOf(base string) func(context.Context, string) (time.Duration, error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context, id string) (time.Duration, error) {
		resp, err := get(ctx, client, base+"/connsvc/v1/"+project+"/enhanced-connections/"+id+":wait?timeout=600s")
		if err != nil {
			return 0, err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if after, _ := strconv.Atoi(resp.Header.Get("Retry-After")); resp.StatusCode == http.StatusServiceUnavailable && after > 0 {
			return time.Duration(after) * time.Second, err
		}
		if err == nil && !bytes.Contains(text, []byte(`"reached":"READY"`)) {
			err = fmt.Errorf("%s %s", resp.Status, text)
		}
		return 0, err
	}
}

func get(ctx context.Context, client *http.Client, target string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return nil, err
	}
	return client.Do(req)
}

// setNetwork replaces the rules of the emulator's network.
func setNetwork(t *testing.T, dli, rules string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, dli+emulator.NetworkPath, strings.NewReader(rules))
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: callTimeout}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the emulator responds %s", resp.Status)
	}
}

// BenchmarkWatchers measures the memory of a watcher of 100 connections, and what all of
// them together cost DLI.
func BenchmarkWatchers(b *testing.B) {
	const watchers, made = 1000, 100
	for _, api := range []string{"gRPC", "REST"} {
		b.Run(api, func(b *testing.B) {
			for b.Loop() {
				var asked atomic.Int64
				dli := newDLI()
				m := measure(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked.Add(1); dli.ServeHTTP(w, r) }), "", roomy)
				each(b, made, 8, func(ctx context.Context, i int) error {
					_, err := m.grpc.create(ctx, createOf(fmt.Sprintf("c%d", i), 2))
					return err
				})
				ctx, leave := context.WithCancel(b.Context())
				synced := make(chan struct{}, watchers)
				see := func(e observed) {
					if e.kind == "SYNCED" {
						synced <- struct{}{}
					}
				}
				before, calls, began := m.memory(b, ownMemory), asked.Load(), time.Now()
				var watching sync.WaitGroup
				var conn *grpcClient
				for i := range watchers {
					follow := watcherOf("http://" + m.replica.REST)
					if api == "gRPC" {
						if i%streams == 0 {
							next, err := newGRPCClient([]string{m.replica.GRPC})
							if err != nil {
								b.Fatal(err)
							}
							b.Cleanup(func() { _ = next.close() })
							conn = next
						}
						follow = conn.watch
					}
					watching.Go(func() {
						if err := follow(ctx, "", see); err != nil && ctx.Err() == nil {
							b.Error(err)
						}
					})
				}
				for range watchers {
					<-synced
				}
				_ = pause(b.Context(), 10*time.Second) // a heartbeat or two, and idle
				b.ReportMetric(float64(m.memory(b, ownMemory)-before)/watchers/1024, "KiB/watcher")
				b.ReportMetric(float64(asked.Load()-calls)/time.Since(began).Seconds(), "DLI-calls/s")
				b.ReportMetric(0, "ns/op")
				leave()
				watching.Wait()
			}
		})
	}
}
