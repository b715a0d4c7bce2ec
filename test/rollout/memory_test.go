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

// roomy lifts the bounds that what is held here would meet.
const roomy = "limits: { max_calls: 4000, max_calls_bytes: 1Gi }"

// A holding is a DLI that answers creates only when it is told to.
type holding struct {
	dli     http.Handler
	hold    atomic.Bool
	entered chan struct{}
	release chan struct{}
}

func (h *holding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.hold.Load() && r.Method == http.MethodPost {
		h.entered <- struct{}{}
		<-h.release
	}
	h.dli.ServeHTTP(w, r)
}

// BenchmarkInFlight measures what a call in flight takes of a replica's memory: all
// of them wait for DLI, with their requests read, checked and sent.
func BenchmarkInFlight(b *testing.B) {
	for _, size := range []struct{ hosts, calls int }{{2, 1000}, {20000, 60}} {
		for _, name := range []string{"gRPC", "REST"} {
			b.Run(fmt.Sprintf("%s/%d_hosts", name, size.hosts), func(b *testing.B) {
				for b.Loop() {
					m, h := measureHolding(b)
					before := m.memory(b, ownMemory)
					memory, failed := m.held(b, h, name, size.hosts, size.calls)
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

// BenchmarkFull holds as many bytes of large creates as limits.max_calls_bytes may
// allow, under the GOMEMLIMIT that a container of 1 GiB gives. Failed calls are those
// that the collector's work leaves no time for.
func BenchmarkFull(b *testing.B) {
	const hosts = 20000
	sizes := map[string]int{"gRPC": proto.Size(createOf("held_100", hosts)), "REST": len(restBody(b, hosts))}
	for _, mib := range []int{128, 256} {
		for _, name := range []string{"gRPC", "REST"} {
			b.Run(fmt.Sprintf("%s/max_calls_bytes_%dMi", name, mib), func(b *testing.B) {
				b.Setenv("GOMEMLIMIT", "922MiB")
				for b.Loop() {
					m, h := measureHolding(b)
					calls := mib << 20 / sizes[name]
					memory, failed := m.held(b, h, name, hosts, calls)
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

// measureHolding starts a replica that has made one call, before a DLI that can hold
// calls.
func measureHolding(b *testing.B) (*measured, *holding) {
	b.Helper()
	h := &holding{dli: newDLI(), entered: make(chan struct{}), release: make(chan struct{})}
	m := measure(b, h, "token: { env: DLI_TOKEN }, protection: { max_concurrency: 4000 }", roomy)
	if _, err := m.grpc.create(b.Context(), createOf("first", 2)); err != nil {
		b.Fatal(err)
	}
	return m, h
}

// held returns the memory while so many creates of so many hosts are in flight, and
// how many of them failed.
func (m *measured) held(b *testing.B, h *holding, name string, hosts, calls int) (memory, failed int64) {
	b.Helper()
	d := map[string]door{"gRPC": m.grpc, "REST": m.rest}[name]
	h.hold.Store(true)
	var calling sync.WaitGroup
	failures := make(chan error, calls)
	for i := range calls {
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

// BenchmarkConnections measures what a caller's connection takes while nothing is
// called on it.
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
				_, err = (&grpcDoor{client: newClient(conns[i])}).list(ctx, 1)
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
				conns[i], err = keptConnection(ctx, m)
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

// keptConnection makes one call on a new connection and leaves it open.
func keptConnection(ctx context.Context, m *measured) (net.Conn, error) {
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

// BenchmarkProjects measures what a project takes whose token IAM gives: memory,
// and calls of IAM. Real tokens are larger than the emulator's, by up to 16 KiB.
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
		each(b, projects, 8, list) // the tokens are there
		b.ReportMetric(float64(grown)/projects/1024, "KiB/project")
		b.ReportMetric(float64(issued.Load()-1)/projects, "IAM-calls/project")
		b.ReportMetric(0, "ns/op")
	}
}
