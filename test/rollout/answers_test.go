package rollout_test

import (
	"context"
	"fmt"
	"testing"
)

// BenchmarkAnswers measures what large answers take while they are read from DLI and
// handed on: no two are the same connection, so none is shared.
func BenchmarkAnswers(b *testing.B) {
	const answers = 40
	for _, name := range []string{"gRPC", "REST"} {
		b.Run(name+"/20000_hosts", func(b *testing.B) {
			for b.Loop() {
				m := measure(b, newDLI(), "", roomy)
				direct := newRESTDoor(m.dli.URL)
				ids := make([]string, answers)
				each(b, answers, 4, func(ctx context.Context, i int) (err error) {
					ids[i], err = direct.create(ctx, createOf(fmt.Sprintf("large_%d", i), 20000))
					return err
				})
				direct.close()
				d := map[string]door{"gRPC": m.grpc, "REST": m.rest}[name]
				before := m.memory(b, peakMemory)
				each(b, answers, answers, func(ctx context.Context, i int) error { _, err := d.get(ctx, ids[i]); return err })
				b.ReportMetric(float64(m.memory(b, peakMemory)-before)/answers/1024, "peak-KiB/answer")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
