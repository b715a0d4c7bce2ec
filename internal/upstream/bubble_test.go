package upstream_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/metric"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/upstream"
)

var errNoNetwork = errors.New("no network")

// A bubble is a router before a server in memory, inside of synctest: time passes
// only when everyone waits.
type bubble struct {
	*upstream.Router
	*fakeNetwork
	metrics *sdk.ManualReader
}

// stats returns the metrics of the one upstream.
func (b *bubble) stats(t *testing.T) stats { return statsOf(t, b.metrics) }

// A fakeNetwork has one server. Its counts are of what reached it.
type fakeNetwork struct {
	dials, requests, inFlight, mostInFlight atomic.Int64
	down                                    atomic.Bool // no connection is made
	conns                                   chan net.Conn
	closed                                  chan struct{}
	once                                    sync.Once
}

// inBubble runs test before a server that answers by handler.
func inBubble(t *testing.T, cfg *configv1.Upstream, handler http.HandlerFunc, test func(t *testing.T, b *bubble)) {
	t.Helper()
	inBubbleWith(t, upstream.Options{}, cfg, handler, test)
}

// inBubbleWith is inBubble with options.
func inBubbleWith(t *testing.T, o upstream.Options, cfg *configv1.Upstream, handler http.HandlerFunc, test func(t *testing.T, b *bubble)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNetwork{conns: make(chan net.Conn), closed: make(chan struct{})}
		server := &http.Server{Handler: n.counted(handler), ErrorLog: log.New(io.Discard, "", 0)}
		go func() { _ = server.Serve(n) }()
		o, reader := measured(o)
		r := router(t, upstream.WithDial(o, n.dial), cfg)
		t.Cleanup(func() {
			_ = server.Close()
			time.Sleep(time.Hour) // handlers that sleep wake up and end
		})
		test(t, &bubble{r, n, reader})
	})
}

func (n *fakeNetwork) counted(handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		n.requests.Add(1)
		n.mostInFlight.Store(max(n.mostInFlight.Load(), n.inFlight.Add(1)))
		defer n.inFlight.Add(-1)
		handler(w, r)
	}
}

func (n *fakeNetwork) dial(ctx context.Context) (net.Conn, error) {
	n.dials.Add(1)
	if n.down.Load() {
		return nil, errNoNetwork
	}
	near, far := net.Pipe()
	select {
	case n.conns <- far:
		return near, nil
	case <-n.closed:
		return nil, errNoNetwork
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept, Close and Addr make it the listener of its server.
func (n *fakeNetwork) Accept() (net.Conn, error) {
	select {
	case c := <-n.conns:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *fakeNetwork) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *fakeNetwork) Addr() net.Addr { return &net.TCPAddr{} }

// failing answers status to the first n requests of all, then well.
func failing(n int64, status int, headers ...string) http.HandlerFunc {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) <= n {
			answer(status, "", headers...)(w, r)
			return
		}
		answer(http.StatusOK, `{"is_success":true,"name":"n"}`)(w, r)
	}
}

// hang answers never: it ends when the caller has gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
