package upstream

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// A faulty connection refuses every write once broken is set, as a socket does
// that the other end has reset; after taken bytes, if that is more than 0.
type faulty struct {
	net.Conn
	broken *atomic.Bool
	taken  int
}

func (f *faulty) Write(p []byte) (int, error) {
	if f.broken.Load() {
		n, _ := f.Conn.Write(p[:min(f.taken, len(p))])
		return n, syscall.EPIPE
	}
	return f.Conn.Write(p)
}

// faultyRouter makes a router whose connections can be broken: the next one that
// is made is whole again.
func faultyRouter(t *testing.T, taken int) (r *Router, broken *atomic.Bool, served *atomic.Int32) {
	t.Helper()
	served = new(atomic.Int32)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	token := &configv1.Secret{Source: &configv1.Secret_Env{Env: "T"}}
	broken = new(atomic.Bool)
	r, err := New([]*configv1.Upstream{{Endpoint: server.URL, Credentials: &configv1.Upstream_Token{Token: token}}}, Options{
		Secret: func(*configv1.Secret) (string, error) { return "token", nil },
		dial: func(ctx context.Context) (net.Conn, error) {
			broken.Store(false)
			c, err := (&net.Dialer{}).DialContext(ctx, "tcp", server.Listener.Addr().String())
			return &faulty{Conn: c, broken: broken, taken: taken}, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(context.Background()) })
	return r, broken, served
}

// attempts is how many attempts ended.
func (r *Router) attempts() (n int64) {
	all := &r.graph.Load().clients[0].counts.attempts
	for i := range all {
		n += all[i].Load()
	}
	return n
}

func (r *Router) create(t *testing.T) error {
	req := &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: "p", Name: "n"}
	return r.graph.Load().clients[0].Call(t.Context(), connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName, req, &connsvcv1.CreateEnhancedConnectionResponse{})
}

// A POST of which not one byte left is sent again, on a new connection.
func TestResendWhatNeverLeft(t *testing.T) {
	r, broken, served := faultyRouter(t, 0)
	if err := r.create(t); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := r.create(t); err != nil {
		t.Errorf("Call: %v", err)
	}
	if served.Load() != 2 || r.attempts() != 2 {
		t.Errorf("%d requests arrived in %d attempts, want 2 in 2", served.Load(), r.attempts())
	}
}

// A POST of which one byte left is not.
func TestNoResendOfWhatLeft(t *testing.T) {
	r, broken, served := faultyRouter(t, 1)
	if err := r.create(t); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	err, ok := r.create(t).(*Error)
	if !ok || err.Kind != Broken || !err.Sent {
		t.Errorf("Call: %v, want Broken, sent", err)
	}
	if served.Load() != 1 || r.attempts() != 2 {
		t.Errorf("%d requests arrived in %d attempts, want 1 in 2", served.Load(), r.attempts())
	}
}
