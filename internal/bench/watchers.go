package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

const (
	watchers     = 1000
	watchesAConn = 100 // of gRPC; REST has a connection for each
	watchPath    = "/connsvc/v1/" + watchedProject + "/enhanced-connections:watch"
)

// watchRows measures the memory that connsvc needs for a watcher of 100 connections, who
// has read all of them.
func watchRows(binary, only string) ([]row, error) {
	if name := "watch"; !strings.HasPrefix(name, only) {
		return nil, nil
	}
	stage, err := newStage(binary)
	if err != nil {
		return nil, err
	}
	defer stage.close()
	var rows []row
	for _, api := range []struct {
		name string
		open func(context.Context, int) ([]func() (int, error), error)
	}{{"gRPC", stage.watchGRPC}, {"REST", stage.watchREST}} {
		memory, wire, err := stage.watcherMemory(api.open)
		if err != nil {
			return nil, fmt.Errorf("%s watch: %w", api.name, err)
		}
		rows = append(rows, row{
			api.name + " watch: memory", fmt.Sprintf("%.1fKiB", memory/1024), fmt.Sprintf("wire %.1fKiB", float64(wire)/1024),
			memory / float64(wire), "at most 30KiB",
		})
	}
	return rows, nil
}

// watcherMemory returns the memory of one of many watchers, and the bytes that it has read
// until SYNCED.
func (s *stage) watcherMemory(open func(context.Context, int) ([]func() (int, error), error)) (memory float64, wire int, err error) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	// The first ones make what all share.
	if _, err = synced(open(ctx, watchesAConn)); err != nil {
		return 0, 0, err
	}
	before, err := s.inUse()
	if err != nil {
		return 0, 0, err
	}
	if wire, err = synced(open(ctx, watchers)); err != nil {
		return 0, 0, err
	}
	after, err := s.inUse()
	return (after - before) / watchers, wire, err
}

// synced reads watches until SYNCED, and returns the bytes that one has read.
func synced(watches []func() (int, error), err error) (int, error) {
	if err != nil {
		return 0, err
	}
	var wg sync.WaitGroup
	sizes, errs := make([]int, len(watches)), make([]error, len(watches))
	for i, read := range watches {
		wg.Go(func() { sizes[i], errs[i] = read() })
	}
	wg.Wait()
	return sizes[0], errors.Join(errs...)
}

func (s *stage) watchGRPC(ctx context.Context, n int) ([]func() (int, error), error) {
	var watches []func() (int, error)
	var client connsvcv1.ConnectionServiceClient
	for i := range n {
		if i%watchesAConn == 0 {
			conn, err := grpc.NewClient(s.grpcAddr, grpc.WithTransportCredentials(insecure.NewCredentials()))
			if err != nil {
				return nil, err
			}
			context.AfterFunc(ctx, func() { conn.Close() })
			client = connsvcv1.NewConnectionServiceClient(conn)
		}
		own := client
		watches = append(watches, func() (size int, err error) {
			stream, err := own.WatchEnhancedConnections(ctx, &connsvcv1.WatchEnhancedConnectionsRequest{ProjectId: watchedProject})
			for err == nil {
				var event *connsvcv1.WatchEnhancedConnectionsResponse
				if event, err = stream.Recv(); err == nil {
					size += proto.Size(event)
					if event.GetType() == connsvcv1.WatchEnhancedConnectionsResponse_SYNCED {
						return size, nil
					}
				}
			}
			return 0, err
		})
	}
	return watches, nil
}

func (s *stage) watchREST(ctx context.Context, n int) ([]func() (int, error), error) {
	client := &http.Client{Transport: &http.Transport{}}
	watches := make([]func() (int, error), n)
	for i := range watches {
		watches[i] = func() (size int, err error) {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.restURL+watchPath, http.NoBody)
			if err != nil {
				return 0, err
			}
			resp, err := client.Do(req) //nolint:bodyclose // it lasts until ctx ends
			if err != nil {
				return 0, err
			}
			lines := bufio.NewReader(resp.Body)
			for {
				line, err := lines.ReadString('\n')
				size += len(line)
				switch {
				case err != nil:
					return 0, err
				case strings.Contains(line, "SYNCED"):
					return size, nil
				}
			}
		}
	}
	return watches, nil
}

// inUse returns the bytes of heap and stacks that connsvc uses, after a garbage collection.
func (s *stage) inUse() (float64, error) {
	resp, err := http.Get(s.adminURL + "/debug/pprof/heap?gc=1") //nolint:noctx // a tool
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0, err
	}
	var sum float64
	for _, name := range []string{"go_memstats_heap_alloc_bytes", "go_memstats_stack_inuse_bytes"} {
		value, err := s.metric(name)
		if err != nil {
			return 0, err
		}
		sum += value
	}
	return sum, nil
}
