package server_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/connsvc/connsvc/internal/call"
)

// TestAttemptsAreLogged has the service make two attempts at DLI in one call.
func TestAttemptsAreLogged(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			for _, id := range []string{"", "dli-1"} {
				call.From(ctx).AddAttempt(1500*time.Millisecond, id)
			}
			call.From(context.Background()).AddAttempt(1500*time.Millisecond, "of no call")
			return nil
		}}, setup{})
		got := d.create(t, b, createRequest(), nil)
		logged := b.logs.await(t, "call", got.requestID)
		if logged["upstream_us"] != 3e6 || logged["dli_request_id"] != "dli-1" {
			t.Errorf("logged %v", logged)
		}
	})
}
