package server_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// TestConnectionAge has clients connect anew, so that a balancer can send them to
// another replica. The call in flight on the old connection completes.
func TestConnectionAge(t *testing.T) {
	g := newGate()
	b := start(t, &stub{on: func(ctx context.Context, req proto.Message) error {
		if _, held := req.(*connsvcv1.CreateEnhancedConnectionRequest); held {
			return g.wait(ctx, req)
		}
		return nil
	}}, setup{config: func(c *configv1.Config) { c.Limits.MaxConnectionAge = durationpb.New(50 * time.Millisecond) }})
	var held sync.WaitGroup
	held.Go(func() {
		if _, err := b.grpc.CreateEnhancedConnection(context.Background(), createRequest()); err != nil {
			t.Errorf("the call in flight: %v", err)
		}
	})
	<-g.entered
	seen := map[string]bool{}
	for deadline := time.Now().Add(patience); len(seen) < 3; time.Sleep(5 * time.Millisecond) {
		var p peer.Peer
		if _, err := b.grpc.GetEnhancedConnection(t.Context(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection}, grpc.Peer(&p)); err != nil {
			t.Fatalf("while connections come and go: %v", err)
		}
		seen[p.LocalAddr.String()] = true
		if time.Now().After(deadline) {
			t.Fatal("the connection stays")
		}
	}
	close(g.open)
	held.Wait()
}
