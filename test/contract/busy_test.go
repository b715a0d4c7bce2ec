package contract_test

import (
	"context"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// parkedID is the connection whose calls the scripted DLI never answers.
const parkedID = "00000000-0000-4000-8000-00000000dead"

// occupy keeps one call in flight if the case asks for a busy connsvc. The returned
// function ends it.
func (s *stage) occupy(t *testing.T, c *contractCase) func() {
	t.Helper()
	if !c.Busy {
		return func() {}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		client := connsvcv1.NewConnectionServiceClient(s.grpc)
		for ctx.Err() == nil {
			// It is rejected until the call of the case before has ended.
			_, _ = client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: "parked", ConnectionId: parkedID})
		}
	}()
	select {
	case <-s.dli.parked:
	case <-time.After(callTimeout):
		t.Error("the call that keeps connsvc busy did not reach DLI")
	}
	return func() {
		cancel()
		<-done
	}
}
