package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A call makes one create through a process under test.
type call func(ctx context.Context) error

// callRows measures the processor time that a process spends on one create:
// connsvc with everything on, and a bare reverse proxy, before one stub DLI.
func callRows(rounds int) ([]row, error) {
	stage, err := newStage()
	if err != nil {
		return nil, err
	}
	defer stage.close()
	conn, err := grpc.NewClient(stage.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer conn.Close()

	targets := map[int]map[string]string{
		2:     {"gRPC": "at most 1.2", "REST": "at most 1.2"},
		20000: {"gRPC": "at most 10ms", "REST": "at most 15ms"},
	}
	var rows []row
	for _, n := range sizes {
		calls := 4000
		if n > 1000 {
			calls = 60
		}
		doors := map[string]struct {
			process *process
			call    call
		}{
			"proxy": {stage.proxy, restCall(stage.proxyURL, n)},
			"REST":  {stage.connsvc, restCall(stage.restURL, n)},
			"gRPC":  {stage.connsvc, grpcCall(conn, n)},
		}
		costs := map[string][]time.Duration{}
		for round := range rounds + 1 {
			for name, door := range doors {
				cost, err := door.process.costPerCall(calls, door.call)
				if err != nil {
					return nil, fmt.Errorf("%s, %d hosts: %w", name, n, err)
				}
				if round > 0 { // the first warms up
					costs[name] = append(costs[name], cost)
				}
			}
		}
		for _, name := range []string{"gRPC", "REST"} {
			ours, theirs := median(costs[name]), median(costs["proxy"])
			rows = append(rows, row{
				fmt.Sprintf("%s create, %d hosts", name, n), show(ours), "proxy " + show(theirs), ratio(ours, theirs), targets[n][name],
			})
		}
	}
	return rows, nil
}

// callers is how many callers call at once.
const callers = 4

// costPerCall makes n calls and returns the processor time that the process
// spent on each.
func (p *process) costPerCall(n int, do call) (time.Duration, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for range callers {
		wg.Go(func() {
			for range n / callers {
				if err := do(context.Background()); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	if err := <-errs; err != nil {
		return 0, err
	}
	after, err := p.cpu()
	return (after - before) / time.Duration(n), err
}

func restCall(base string, n int) call {
	body := requestBody(n)
	url := base + "/v2.0/48cc2c48765f481480c7db940d6409d1/datasource/enhanced-connections"
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode != http.StatusCreated {
			err = fmt.Errorf("%s: %s", resp.Status, answer)
		}
		return err
	}
}

func grpcCall(conn *grpc.ClientConn, n int) call {
	client, req := connsvcv1.NewConnectionServiceClient(conn), createRequest(n)
	return func(ctx context.Context) error {
		_, err := client.CreateEnhancedConnection(ctx, req)
		return err
	}
}

func median(d []time.Duration) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2]
}

func ratio(ours, theirs time.Duration) float64 { return float64(ours) / float64(theirs) }

func show(d time.Duration) string {
	if d < time.Millisecond {
		return fmt.Sprintf("%.1fµs", float64(d)/float64(time.Microsecond))
	}
	return fmt.Sprintf("%.2fms", float64(d)/float64(time.Millisecond))
}
