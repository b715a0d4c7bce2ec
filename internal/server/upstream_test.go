package server_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/upstream"
)

// TestAttemptsAreObserved has the service make two attempts at DLI in one call.
func TestAttemptsAreObserved(t *testing.T) {
	overBothDoors(t, func(t *testing.T, d door) {
		var observer *server.UpstreamObserver
		attempt := func(ctx context.Context, id, outcome string) {
			observer.Observe(ctx, upstream.Attempt{
				Upstream: "eu-de", FullMethod: connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName,
				Duration: 1500 * time.Millisecond, RequestID: id, Outcome: outcome,
			})
		}
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			attempt(ctx, "", "unreachable")
			attempt(ctx, "dli-1", "ok")
			attempt(context.Background(), "of no call", "status_429")
			return nil
		}}, setup{options: func(o *server.Options) {
			var err error
			if observer, err = server.NewUpstreamObserver(o.Telemetry); err != nil {
				t.Fatal(err)
			}
		}})
		got := d.create(t, b, createRequest(), nil)
		logged := b.logs.await(t, "call", got.requestID)
		if logged["upstream_us"] != 3e6 || logged["dli_request_id"] != "dli-1" {
			t.Errorf("logged %v", logged)
		}
		for _, outcome := range []string{"ok", "unreachable", "status_429"} {
			b.awaitMetric(t, "connsvc_upstream_duration_seconds_count", map[string]string{
				"upstream": "eu-de", "rpc_method": "connsvc.v1.ConnectionService/CreateEnhancedConnection", "outcome": outcome,
			})
		}
	})
}
