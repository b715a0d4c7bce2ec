package rollout_test

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkResponses measures the memory of large responses, of different connections so
// that none are shared.
func BenchmarkResponses(b *testing.B) {
	const responses = 40
	for _, name := range []string{"gRPC", "REST"} {
		b.Run(name+"/20000_hosts", func(b *testing.B) {
			for b.Loop() {
				m := measure(b, newDLI(), "", roomy)
				direct := newRESTClient(m.dli.URL)
				ids := make([]string, responses)
				each(b, responses, 4, func(ctx context.Context, i int) (err error) {
					ids[i], err = direct.create(ctx, createOf(fmt.Sprintf("large_%d", i), 20000))
					return err
				})
				direct.close()
				d := map[string]client{"gRPC": m.grpc, "REST": m.rest}[name]
				before := m.memory(b, peakMemory)
				each(b, responses, responses, func(ctx context.Context, i int) error { _, err := d.get(ctx, ids[i]); return err })
				b.ReportMetric(float64(m.memory(b, peakMemory)-before)/responses/1024, "peak-KiB/response")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
