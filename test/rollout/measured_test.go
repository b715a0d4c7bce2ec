package rollout_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/emulator"
)

// A measured is a replica whose processor time and memory are read, a DLI in this
// process, and a client of each API.
type measured struct {
	replica *replica
	dli     *httptest.Server
	grpc    *grpcClient
	rest    *restClient
}

// measure starts a replica in front of dli. More has further lines of its configuration,
// upstream further keys of its upstream.
func measure(b *testing.B, dli http.Handler, upstream, more string) *measured {
	b.Helper()
	m := &measured{dli: httptest.NewServer(dli)}
	b.Cleanup(m.dli.Close)
	file := filepath.Join(b.TempDir(), "connsvc.yaml")
	if upstream == "" {
		upstream = "token: { env: DLI_TOKEN }"
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, configuration, m.dli.URL, strings.ReplaceAll(upstream, "$DLI", m.dli.URL), more), 0o600); err != nil {
		b.Fatal(err)
	}
	var err error
	if m.replica, err = startReplica(b.Context(), "replica", file); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if _, err := m.replica.stop(); err != nil {
			b.Error(err)
		}
	})
	if m.grpc, err = newGRPCClient([]string{m.replica.GRPC}); err != nil {
		b.Fatal(err)
	}
	m.rest = newRESTClient("http://" + m.replica.REST)
	b.Cleanup(func() {
		m.rest.close()
		_ = m.grpc.close()
	})
	return m
}

// cpu returns the processor time of all threads of the replica so far.
func (m *measured) cpu(b *testing.B) time.Duration {
	b.Helper()
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", m.replica.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		b.Fatal("no scheduler statistics: this needs Linux")
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a thread that ended
		}
		ns, err := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		sum += time.Duration(ns)
	}
	return sum
}

// The memory of a process, as /proc/PID/status names it.
const (
	ownMemory  = "RssAnon:" // without the pages of its binary
	peakMemory = "VmHWM:"   // the largest so far
)

// memory returns the memory of the replica, in bytes.
func (m *measured) memory(b *testing.B, which string) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", m.replica.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), which)
	kib, err := strconv.ParseInt(strings.Fields(after)[0], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib << 10
}

// each runs do for 0 to n-1, atATime of them in parallel.
func each(b *testing.B, n, atATime int, do func(ctx context.Context, i int) error) {
	b.Helper()
	var working sync.WaitGroup
	work := make(chan int)
	errs := make(chan error, atATime)
	for range atATime {
		working.Go(func() {
			for i := range work {
				if err := do(b.Context(), i); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	working.Wait()
	close(errs)
	if err := <-errs; err != nil {
		b.Fatal(err)
	}
}

// createOf returns a create with unique hosts.
func createOf(name string, hosts int) *connsvcv1.CreateEnhancedConnectionRequest {
	req := newCreate(name)
	for i := range hosts {
		req.Hosts = append(req.Hosts, &connsvcv1.Host{
			Name: fmt.Sprintf("ecs-97f8-%05d.example", i), Ip: fmt.Sprintf("192.168.%d.%d", i/250%250, i%250),
		})
	}
	return req
}

// newDLI returns an emulator whose peerings are active at once.
func newDLI() *emulator.Emulator { return emulator.New(emulator.Options{}) }

// newLaxDLI returns one that accepts several connections of the same name, which DLI's
// documents leave open.
func newLaxDLI() *emulator.Emulator {
	return emulator.New(emulator.Options{Quirks: emulator.Quirks{AllowDuplicateNames: true}})
}
