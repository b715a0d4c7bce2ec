package server_test

import (
	"context"
	"errors"
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
		attempt := func(ctx context.Context, id string, err error) {
			observer.Observe(ctx, upstream.Attempt{
				FullMethod: connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName,
				Duration:   1500 * time.Millisecond, RequestID: id, Err: err,
			})
		}
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			attempt(ctx, "", &upstream.Error{Kind: upstream.Unreachable})
			attempt(ctx, "dli-1", nil)
			attempt(context.Background(), "of no call", &upstream.Error{Kind: upstream.Status, HTTPStatus: 503})
			return nil
		}}, setup{options: func(o *server.Options) {
			var err error
			if observer, err = server.NewUpstreamObserver(o.Telemetry); err != nil {
				t.Fatal(err)
			}
		}})
		got := d.create(t, b, createRequest(), nil)
		logged := b.logs.await(t, "call", got.requestID)
		if logged["upstream_ms"] != 3000.0 || logged["dli_request_id"] != "dli-1" {
			t.Errorf("logged %v", logged)
		}
		for _, outcome := range []string{"ok", "unreachable", "status_5xx"} {
			b.awaitMetric(t, "connsvc_upstream_duration_seconds_count", map[string]string{
				"rpc_method": "connsvc.v1.ConnectionService/CreateEnhancedConnection", "outcome": outcome,
			})
		}
	})
}

// TestAttemptOutcomes: each kind of error has a label of its own.
func TestAttemptOutcomes(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) {
		observer, err := server.NewUpstreamObserver(o.Telemetry)
		if err != nil {
			t.Fatal(err)
		}
		for kind := upstream.NotConfigured; kind <= upstream.TooLarge; kind++ {
			observer.Observe(t.Context(), upstream.Attempt{FullMethod: "/s/m", Err: &upstream.Error{Kind: kind, HTTPStatus: 404}})
		}
		observer.Observe(t.Context(), upstream.Attempt{FullMethod: "/s/m", Err: &upstream.Error{Kind: upstream.Status, HTTPStatus: 302}})
		observer.Observe(t.Context(), upstream.Attempt{FullMethod: "/s/m", Err: &upstream.Error{Kind: upstream.Status, HTTPStatus: 600}})
		observer.Observe(t.Context(), upstream.Attempt{FullMethod: "/s/n", Err: errors.New("anything")})
	}})
	for _, outcome := range []string{
		"other", "unreachable", "broken", "timeout", "cancelled", "status_4xx", "refused", "malformed", "too_large", "status_3xx", "status_other",
	} {
		b.awaitMetric(t, "connsvc_upstream_duration_seconds_count", map[string]string{"rpc_method": "s/m", "outcome": outcome})
	}
	b.awaitMetric(t, "connsvc_upstream_duration_seconds_count", map[string]string{"rpc_method": "s/n", "outcome": "other"})
}
