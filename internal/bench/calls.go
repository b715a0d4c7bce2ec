package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// A call makes one call through a process under test. Each has another n, because
// connsvc shares one call to DLI among identical calls.
type call func(ctx context.Context, n int64) error

// callers is the number of parallel callers.
const callers = 4

// A scenario is a call that is made over gRPC, over REST and through the proxy.
type scenario struct {
	name   string
	calls  int // per turn
	turns  int // per round
	rest   func(n int64) (method, path string, body []byte)
	grpc   call
	target map[string]string // by API

	// The size of the response in bytes; 0 if memory is not measured.
	restWire, grpcWire int
}

// callRows measures the processor time of one call: of connsvc with its defaults, and of
// a bare reverse proxy, both in front of one stub DLI.
func callRows(rounds int, binary, only string) ([]row, error) {
	stage, err := newStage(binary)
	if err != nil {
		return nil, err
	}
	defer stage.close()
	conn, err := grpc.NewClient(stage.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	var rows []row
	for _, s := range scenarios(conn) {
		if !strings.HasPrefix(s.name, only) {
			continue
		}
		more, err := s.rows(stage, rounds)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		rows = append(rows, more...)
	}
	if !strings.HasPrefix(applyName, only) {
		return rows, nil
	}
	more, err := applyRows(stage, conn, rounds)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", applyName, err)
	}
	return append(rows, more...), nil
}

// rows runs a scenario in short turns, each through the proxy, over gRPC and over REST, so
// that all run under the same load of the machine. The first round is a warm-up.
func (s scenario) rows(stage *stage, rounds int) ([]row, error) {
	var viaGRPC, viaREST []sample
	overProxy, overREST := s.over(stage.proxyURL), s.over(stage.restURL)
	for turn := range (rounds + 1) * s.turns {
		proxy, err := stage.measure(stage.proxy, s.calls, overProxy)
		if err != nil {
			return nil, err
		}
		var onGRPC, onREST time.Duration
		if onGRPC, err = stage.measure(stage.connsvc, s.calls, s.grpc); err != nil {
			return nil, err
		}
		if onREST, err = stage.measure(stage.connsvc, s.calls, overREST); err != nil {
			return nil, err
		}
		if turn >= s.turns {
			viaGRPC, viaREST = append(viaGRPC, sample{onGRPC, proxy}), append(viaREST, sample{onREST, proxy})
		}
	}
	rows := []row{
		compared("gRPC "+s.name, "proxy", s.target["gRPC"], viaGRPC),
		compared("REST "+s.name, "proxy", s.target["REST"], viaREST),
	}
	if s.restWire == 0 {
		return rows, nil
	}
	ofGRPC, err := stage.allocates(s.calls, s.grpc)
	if err != nil {
		return nil, err
	}
	ofREST, err := stage.allocates(s.calls, overREST)
	if err != nil {
		return nil, err
	}
	return append(rows, memoryRow("gRPC "+s.name, ofGRPC, s.grpcWire), memoryRow("REST "+s.name, ofREST, s.restWire)), nil
}

// memoryRow compares the bytes that a call allocates with the bytes on the wire. Not all
// are in use at once.
func memoryRow(name string, allocated float64, wire int) row {
	return row{
		name + ": memory", fmt.Sprintf("%.2fMB", allocated/1e6), fmt.Sprintf("wire %.2fMB", float64(wire)/1e6),
		allocated / float64(wire), "at most 5",
	}
}

// measure makes n calls and returns the processor time of each. Nothing else is asked of
// connsvc then or just before, as collecting that garbage would count.
func (s *stage) measure(p *process, n int, do call) (time.Duration, error) {
	before, err := p.cpu()
	if err != nil {
		return 0, err
	}
	if err := s.many(n, do); err != nil {
		return 0, err
	}
	after, err := p.cpu()
	return (after - before) / time.Duration(n), err
}

// allocates makes n calls and returns the bytes that connsvc allocates for each.
func (s *stage) allocates(n int, do call) (float64, error) {
	before, err := s.allocated()
	if err != nil {
		return 0, err
	}
	if err := s.many(n, do); err != nil {
		return 0, err
	}
	after, err := s.allocated()
	return (after - before) / float64(n), err
}

// many makes n calls, callers of them in parallel.
func (s *stage) many(n int, do call) error {
	var wg sync.WaitGroup
	errs := make(chan error, callers)
	for range callers {
		wg.Go(func() {
			for range n / callers {
				if err := do(context.Background(), s.made.Add(1)); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(errs)
	return <-errs
}

// over returns the scenario's call over HTTP.
func (s scenario) over(base string) call {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	return func(ctx context.Context, n int64) error {
		method, path, body := s.rest(n)
		req, err := http.NewRequestWithContext(ctx, method, base+path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		req.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		if err == nil && resp.StatusCode/100 != 2 {
			err = fmt.Errorf("%s: %s", resp.Status, text)
		}
		return err
	}
}
