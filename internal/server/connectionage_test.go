package server_test

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
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

// TestRESTConnectionAge: a client whose CA was removed keeps its connection until that has
// reached its age, over HTTP/1.1 and over HTTP/2, and then gets no other.
func TestRESTConnectionAge(t *testing.T) {
	for name, protocols := range map[string][]string{"HTTP/1.1": {"http/1.1"}, "HTTP/2": {"h2"}} {
		t.Run(name, func(t *testing.T) {
			a, others := certstest.NewAuthority(t), certstest.NewAuthority(t)
			f := certstest.NewFolder(t, a.Issue(t, "server"), a)
			b := start(t, &stub{}, setup{
				config: func(c *configv1.Config) {
					c.Rest.Tls = f.TLS()
					c.Limits.MaxConnectionAge = durationpb.New(200 * time.Millisecond)
				},
				options: func(o *server.Options) { *o = o.WithTLSInterval(5 * time.Millisecond) },
			})
			transport := &http.Transport{
				TLSClientConfig: &tls.Config{
					RootCAs: a.Pool(), Certificates: []tls.Certificate{a.Issue(t, "client").Pair(t)}, NextProtos: protocols,
				},
				ForceAttemptHTTP2: protocols[0] == "h2",
			}
			defer transport.CloseIdleConnections()
			get := func() error {
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+b.server.RESTAddr().String()+"/v2.0/"+project+"/datasource/enhanced-connections", nil)
				if err != nil {
					t.Fatal(err)
				}
				response, err := transport.RoundTrip(r)
				if err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, response.Body)
				return response.Body.Close()
			}
			if err := get(); err != nil {
				t.Fatal(err)
			}
			f.Write(t, map[string][]byte{"ca.crt": others.CA})
			for deadline := time.Now().Add(patience); get() == nil; time.Sleep(5 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the connection stays")
				}
			}
		})
	}
}
