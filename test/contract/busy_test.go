package contract_test

import (
	"context"
	"testing"
	"time"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// parkedID is the connection whose calls the scripted DLI keeps without an answer.
const parkedID = "00000000-0000-4000-8000-00000000dead"

// occupy has one call in flight, where the case asks for a busy connsvc. The
// returned function ends it.
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
			// It is refused as long as the one of the case before has not ended.
			_, _ = client.GetEnhancedConnection(ctx, &connsvcv1.GetEnhancedConnectionRequest{ProjectId: "parked", ConnectionId: parkedID})
		}
	}()
	select {
	case <-s.dli.parked:
	case <-time.After(patience):
		t.Error("the call that is to keep connsvc busy did not reach DLI")
	}
	return func() {
		cancel()
		<-done
	}
}
