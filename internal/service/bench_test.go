package service_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// atOnce is a DLI that answers at once.
type atOnce struct{ plain }

func (d atOnce) For(string) (atOnce, error) { return d, nil }

func (atOnce) Call(_ context.Context, _ string, _, resp proto.Message) error {
	resp.(*connsvcv1.CreateEnhancedConnectionResponse).ConnectionId = connectionID
	return nil
}

// BenchmarkCreate measures what safety costs a create that needs none of it.
func BenchmarkCreate(b *testing.B) {
	s := newService(b, atOnce{})
	req := createRequest()
	b.ReportAllocs()
	for b.Loop() {
		ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
		if _, err := s.CreateEnhancedConnection(ctx, req); err != nil {
			b.Fatal(err)
		}
		cancel()
	}
}
