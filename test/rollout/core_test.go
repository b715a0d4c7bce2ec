package rollout_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

// BenchmarkCore measures how many calls a second one core serves, with the default logs,
// metrics and traces: the processor time of the replica for each call, which does not
// depend on other load of the machine.
func BenchmarkCore(b *testing.B) {
	const atATime = 8
	m := measure(b, newDLI(), "", "")
	id := map[int]string{}
	for _, hosts := range []int{2, 20000} {
		made, err := m.grpc.create(b.Context(), createOf(fmt.Sprintf("read_%d", hosts), hosts))
		if err != nil {
			b.Fatal(err)
		}
		id[hosts] = made
	}
	names := 0
	for _, api := range []struct {
		name string
		client
	}{{"gRPC", m.grpc}, {"REST", m.rest}} {
		for _, hosts := range []int{2, 20000} {
			n := 4000
			if hosts > 1000 {
				n = 40
			}
			request := createOf("template", hosts)
			run := func(kind string, do func(ctx context.Context, i int) error) {
				b.Run(fmt.Sprintf("%s/%s/%d_hosts", api.name, kind, hosts), func(b *testing.B) {
					for b.Loop() {
						each(b, n/10, atATime, func(ctx context.Context, i int) error { return do(ctx, names+i) })
						before := m.cpu(b)
						each(b, n, atATime, func(ctx context.Context, i int) error { return do(ctx, names+n/10+i) })
						perCall := (m.cpu(b) - before) / time.Duration(n)
						names += n + n/10
						b.ReportMetric(float64(perCall)/float64(time.Microsecond), "cpu-µs/call")
						b.ReportMetric(float64(time.Second)/float64(perCall), "calls/s/core")
						b.ReportMetric(0, "ns/op")
					}
				})
			}
			run("get", func(ctx context.Context, _ int) error { _, err := api.get(ctx, id[hosts]); return err })
			run("create", func(ctx context.Context, i int) error {
				req := proto.CloneOf(request)
				req.Name = fmt.Sprintf("core_%d", i)
				_, err := api.create(ctx, req)
				return err
			})
			if hosts == 2 {
				run("create_with_request_id", func(ctx context.Context, i int) error {
					req := proto.CloneOf(request)
					req.Name, req.RequestId = fmt.Sprintf("core_%d", i), requestID(i)
					_, err := api.create(ctx, req)
					return err
				})
			}
		}
	}
}
