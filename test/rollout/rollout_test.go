package rollout_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/connsvc/connsvc/internal/emulator"
)

// TestRollingRestart restarts two replicas under load, as a Deployment does: the next one
// stops as soon as the one before is ready, even if balancers do not know it yet. No call
// may fail, and no connection may be created twice. Times are printed, not checked.
func TestRollingRestart(t *testing.T) {
	c, p, dli := startCluster(t)
	calls := newTally()
	l := &load{
		interval: time.Second / time.Duration(p.rate),
		names:    []string{"gRPC", "REST", "REST, a connection for each call"},
		clients:  []client{c.grpc, c.rest, c.dialing}, tally: calls,
	}
	loadCtx, stopLoad := context.WithCancel(t.Context())
	var calling sync.WaitGroup
	calling.Go(func() { l.run(loadCtx) })
	for i := range c.replicas {
		if pause(t.Context(), p.settle) == nil {
			c.restart(i)
		}
	}
	_ = pause(t.Context(), p.propagation+p.settle) // both new replicas get calls
	stopLoad()
	calling.Wait()
	c.stop()

	var table strings.Builder
	calls.print(&table, p, c.restarts)
	t.Log("\n" + table.String())
	if sum := calls.sum(""); sum.failed > 0 {
		t.Errorf("%d of %d calls failed", sum.failed, sum.calls)
	}
	for _, kind := range []string{kindCreate, kindRetry, kindGet, kindList} {
		if calls.sum(kind).calls == 0 {
			t.Errorf("there was no %s", kind)
		}
	}
	if got, want := connections(t, dli), calls.sum(kindCreate).calls; got != want {
		t.Errorf("%d creates made %d connections", want, got)
	}
}

// connections returns the number of connections at DLI.
func connections(t *testing.T, dli string) int {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: callTimeout}
	resp, err := client.Get(dli + emulator.ConnectionsPath + "?project=" + project)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var response struct {
		Connections []struct{} `json:"connections"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&response); err != nil {
		t.Fatal(err)
	}
	return len(response.Connections)
}

// A cluster is two replicas behind the balancers of both APIs.
type cluster struct {
	t         *testing.T
	config    string
	replicas  [2]*replica
	restarts  []restart
	endpoints *endpoints
	balancer  *balancer
	grpc      *grpcClient
	rest      *restClient
	dialing   *restClient
	follow    sync.WaitGroup
	unfollow  context.CancelFunc
}

// startCluster starts a DLI and a cluster in front of it, at the pace of the flag.
func startCluster(t *testing.T) (c *cluster, p pace, dli string) {
	t.Helper()
	p = short
	if *wholeRollout {
		p = whole
	}
	dli = startEmulator(t)
	config, err := writeConfig(t.TempDir(), dli, p.drain)
	if err != nil {
		t.Fatal(err)
	}
	return newCluster(t, p, config), p, dli
}

func newCluster(t *testing.T, p pace, config string) *cluster {
	t.Helper()
	c := &cluster{t: t, config: config, endpoints: &endpoints{pace: p, probe: newProbe()}}
	for i := range c.replicas {
		c.replicas[i] = c.start(i)
	}
	var err error
	if c.balancer, err = newBalancer(); err != nil {
		t.Fatal(err)
	}
	first := []addresses{c.replicas[0].addresses, c.replicas[1].addresses}
	c.balancer.use(restTargets(first))
	if c.grpc, err = newGRPCClient(grpcTargets(first)); err != nil {
		t.Fatal(err)
	}
	c.rest, c.dialing = newRESTClient(c.balancer.url()), newDialingClient(c.balancer.url())
	c.endpoints.apply = func(ready []addresses) {
		c.balancer.use(restTargets(ready))
		c.grpc.use(grpcTargets(ready))
	}
	ctx, unfollow := context.WithCancel(t.Context())
	c.unfollow = unfollow
	c.follow.Go(func() { c.endpoints.run(ctx) })
	return c
}

func grpcTargets(all []addresses) (targets []string) {
	for _, at := range all {
		targets = append(targets, at.GRPC)
	}
	return targets
}

func restTargets(all []addresses) (targets []string) {
	for _, at := range all {
		targets = append(targets, at.REST)
	}
	return targets
}

func (c *cluster) start(i int) *replica {
	c.t.Helper()
	r, err := startReplica(c.t.Context(), fmt.Sprintf("replica %d", i+1), c.config)
	if err != nil {
		c.t.Fatal(err)
	}
	c.endpoints.watch(r.addresses)
	c.t.Cleanup(func() {
		select {
		case <-r.exited:
		default:
			_ = r.kill() // a test that ended early
		}
	})
	return r
}

// end stops a replica and records how it stopped.
func (c *cluster) end(r *replica) {
	drain, err := r.stop()
	status := "0"
	if err != nil {
		status = err.Error()
		c.t.Error(err)
	}
	c.endpoints.forget(r.addresses)
	c.restarts = append(c.restarts, restart{r.name, r.ready, drain, status})
	if len(r.last) > 0 {
		c.t.Logf("%s warned:\n%s", r.name, strings.Join(r.last, "\n"))
	}
}

func (c *cluster) restart(i int) {
	c.end(c.replicas[i])
	c.replicas[i] = c.start(i)
	c.replicas[i].name += ", restarted"
}

// stop stops everything, callers first.
func (c *cluster) stop() {
	if err := c.grpc.close(); err != nil {
		c.t.Error(err)
	}
	c.rest.close()
	c.dialing.close()
	c.unfollow()
	c.follow.Wait()
	if failed := c.balancer.close(); len(failed) > 0 {
		c.t.Errorf("%d connections found no replica: %v", len(failed), failed[0])
	}
	for _, r := range c.replicas {
		c.end(r)
	}
}
