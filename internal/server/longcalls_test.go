package server_test

import (
	"context"
	"net/http"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/call"
)

// TestStopEndsCallsThatWait: a call that waits for something learns that connsvc stops.
func TestStopEndsCallsThatWait(t *testing.T) {
	waiting := make(chan struct{})
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		close(waiting)
		select {
		case <-call.From(ctx).Stopping:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}, setup{})
	got := make(chan result)
	go func() { got <- b.do(t, http.MethodGet, one, nil, nil) }()
	<-waiting
	b.stop()
	if r := <-got; r.status != http.StatusOK {
		t.Errorf("got %+v", r)
	}
}
