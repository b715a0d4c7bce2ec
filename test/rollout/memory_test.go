package rollout_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/emulator"
	"github.com/connsvc/connsvc/internal/emulator/iam"
)

// streams is how many calls a gRPC connection has in flight.
const streams = 100

// roomy raises the limits that these benchmarks would reach.
const roomy = "limits: { max_calls: 4000, max_calls_bytes: 1Gi }"

// A blockingDLI keeps creates waiting until release is closed.
type blockingDLI struct {
	dli     http.Handler
	block   atomic.Bool
	entered chan struct{}
	release chan struct{}
}

func (h *blockingDLI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.block.Load() && r.Method == http.MethodPost {
		h.entered <- struct{}{}
		<-h.release
	}
	h.dli.ServeHTTP(w, r)
}

// BenchmarkInFlight measures the memory of a call in flight, which waits for DLI after
// its request has been read, checked and sent.
func BenchmarkInFlight(b *testing.B) {
	for _, size := range []struct{ hosts, calls int }{{2, 1000}, {20000, 60}} {
		for _, name := range []string{"gRPC", "REST"} {
			b.Run(fmt.Sprintf("%s/%d_hosts", name, size.hosts), func(b *testing.B) {
				for b.Loop() {
					m, h := measureBlocked(b)
					before := m.memory(b, ownMemory)
					memory, failed := m.memoryInFlight(b, h, name, size.hosts, size.calls)
					if failed > 0 {
						b.Fatalf("%d calls failed", failed)
					}
					b.ReportMetric(float64(memory-before)/float64(size.calls)/1024, "KiB/call")
					b.ReportMetric(float64(before)/(1<<20), "MiB-idle")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

// BenchmarkFull fills limits.max_calls_bytes with large creates, under the GOMEMLIMIT of
// a container of 1 GiB. Calls fail when garbage collection leaves them no time.
func BenchmarkFull(b *testing.B) {
	const hosts = 20000
	sizes := map[string]int{"gRPC": proto.Size(createOf("held_100", hosts)), "REST": len(restBody(b, hosts))}
	for _, mib := range []int{128, 256} {
		for _, name := range []string{"gRPC", "REST"} {
			b.Run(fmt.Sprintf("%s/max_calls_bytes_%dMi", name, mib), func(b *testing.B) {
				b.Setenv("GOMEMLIMIT", "922MiB")
				for b.Loop() {
					m, h := measureBlocked(b)
					calls := mib << 20 / sizes[name]
					memory, failed := m.memoryInFlight(b, h, name, hosts, calls)
					b.ReportMetric(float64(memory)/(1<<20), "MiB")
					b.ReportMetric(float64(calls), "calls")
					b.ReportMetric(float64(failed), "failed")
					b.ReportMetric(0, "ns/op")
				}
			})
		}
	}
}

func restBody(b *testing.B, hosts int) []byte {
	b.Helper()
	req := createOf("held_100", hosts)
	req.ProjectId = ""
	body, err := protojson.Marshal(req)
	if err != nil {
		b.Fatal(err)
	}
	return body
}

// measureBlocked starts a replica in front of a blockingDLI, and makes one call.
func measureBlocked(b *testing.B) (*measured, *blockingDLI) {
	b.Helper()
	h := &blockingDLI{dli: newDLI(), entered: make(chan struct{}), release: make(chan struct{})}
	m := measure(b, h, "token: { env: DLI_TOKEN }, protection: { max_concurrency: 4000 }", roomy)
	if _, err := m.grpc.create(b.Context(), createOf("first", 2)); err != nil {
		b.Fatal(err)
	}
	return m, h
}

// memoryInFlight returns the memory while creates are in flight, and how many failed.
func (m *measured) memoryInFlight(b *testing.B, h *blockingDLI, name string, hosts, calls int) (memory, failed int64) {
	b.Helper()
	d := map[string]client{"gRPC": m.grpc, "REST": m.rest}[name]
	h.block.Store(true)
	var calling sync.WaitGroup
	failures := make(chan error, calls)
	for i := range calls {
		if i%streams == 0 && name == "gRPC" {
			conn, err := newGRPCClient([]string{m.replica.GRPC})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.close() }()
			d = conn
		}
		calling.Go(func() {
			if _, err := d.create(context.WithoutCancel(b.Context()), createOf(fmt.Sprintf("held_%d", i), hosts)); err != nil {
				failures <- err
			}
		})
		select {
		case <-h.entered:
		case err := <-failures:
			failed++
			b.Logf("call %d: %v", i, err)
		}
	}
	memory = m.memory(b, ownMemory)
	close(h.release)
	calling.Wait()
	return memory, failed + int64(len(failures))
}

// BenchmarkConnections measures the memory of a caller's idle connection.
func BenchmarkConnections(b *testing.B) {
	const callers = 1000
	b.Run("gRPC", func(b *testing.B) {
		for b.Loop() {
			m := measure(b, newDLI(), "", roomy)
			before := m.memory(b, ownMemory)
			conns := make([]*grpc.ClientConn, callers)
			each(b, callers, 8, func(ctx context.Context, i int) (err error) {
				conns[i], err = grpc.NewClient(m.replica.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
				if err != nil {
					return err
				}
				_, err = (&grpcClient{client: newClient(conns[i])}).list(ctx, 1)
				return err
			})
			b.ReportMetric(float64(m.memory(b, ownMemory)-before)/callers/1024, "KiB/caller")
			b.ReportMetric(0, "ns/op")
			for _, conn := range conns {
				_ = conn.Close()
			}
		}
	})
	b.Run("REST", func(b *testing.B) {
		for b.Loop() {
			m := measure(b, newDLI(), "", roomy)
			before := m.memory(b, ownMemory)
			conns := make([]net.Conn, callers)
			each(b, callers, 8, func(ctx context.Context, i int) (err error) {
				conns[i], err = idleConnection(ctx, m)
				return err
			})
			b.ReportMetric(float64(m.memory(b, ownMemory)-before)/callers/1024, "KiB/caller")
			b.ReportMetric(0, "ns/op")
			for _, conn := range conns {
				conn.Close()
			}
		}
	})
}

// idleConnection makes one call on a new connection and leaves it open.
func idleConnection(ctx context.Context, m *measured) (net.Conn, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.rest.base+"?limit=1", nil)
	if err != nil {
		return nil, err
	}
	conn, err := net.Dial("tcp", m.replica.REST)
	if err != nil {
		return nil, err
	}
	if err := req.Write(conn); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), req)
	if err != nil {
		return nil, err
	}
	return conn, resp.Body.Close()
}

// BenchmarkProjects measures memory and IAM calls of a project with an IAM token. Real
// tokens are larger than the emulator's, by up to 16 KiB.
func BenchmarkProjects(b *testing.B) {
	const projects = 2000
	for b.Loop() {
		dli := emulator.New(emulator.Options{Identities: iam.Identities{Users: []iam.User{{Domain: "d", Name: "u", Password: "a-token"}}}}).Handler()
		var issued atomic.Int64
		m := measure(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v3/auth/") {
				issued.Add(1)
			}
			dli.ServeHTTP(w, r)
		}), `iam_password: { endpoint: "$DLI", domain_name: d, user_name: u, password: { env: DLI_TOKEN } }`, roomy)
		list := func(ctx context.Context, i int) error {
			return listOf(ctx, m, fmt.Sprintf("project%d", i))
		}
		each(b, 100, 8, func(ctx context.Context, _ int) error { return list(ctx, projects) }) // warms up
		before := m.memory(b, ownMemory)
		each(b, projects, 8, list)
		grown := m.memory(b, ownMemory) - before
		each(b, projects, 8, list) // with the tokens in the cache
		b.ReportMetric(float64(grown)/projects/1024, "KiB/project")
		b.ReportMetric(float64(issued.Load()-1)/projects, "IAM-calls/project")
		b.ReportMetric(0, "ns/op")
	}
}
