package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// A deaf connection stops reading while it is deaf.
type deaf struct {
	net.Conn
	deaf   *atomic.Bool
	wakes  chan struct{}
	closed sync.Once
}

func (c *deaf) Read(p []byte) (int, error) {
	if c.deaf.Load() {
		<-c.wakes
	}
	return c.Conn.Read(p)
}

func (c *deaf) wake() { c.closed.Do(func() { close(c.wakes) }) }

func (c *deaf) Close() error {
	c.wake()
	return c.Conn.Close()
}

// awaitHeld waits until what is held is as wanted.
func (b *bench) awaitHeld(t *testing.T, good func(bytes float64) bool) {
	t.Helper()
	var value string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		_, text := b.admin(t, "/metrics")
		_, after, _ := strings.Cut(text, "\nconnsvc_held_size_bytes ")
		value, _, _ = strings.Cut(after, "\n")
		if bytes, err := strconv.ParseFloat(value, 64); err == nil && good(bytes) {
			return
		}
	}
	t.Fatalf("%s bytes are held", value)
}

func nothing(bytes float64) bool { return bytes == 0 }

// TestUnreadAnswer: a caller who takes nothing of a response loses the connection, and the
// response is let go. Its rest is not sent later, as if it were whole.
func TestUnreadAnswer(t *testing.T) {
	short := setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(200 * time.Millisecond) }}
	large := &stub{hosts: hosts(60_000)} // about 10 MB: more than the sockets take

	t.Run("REST", func(t *testing.T) {
		b := start(t, large, short)
		conn, err := net.Dial("tcp", b.server.RESTAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: unread\r\n\r\n", one)
		if logged := b.logs.await(t, "call", "unread"); logged["reason"] != "CALLER_CANCELLED" {
			t.Errorf("logged %v", logged)
		}
		b.awaitHeld(t, nothing)
		if err := conn.(*net.TCPConn).SetReadBuffer(4 << 20); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(conn) // until it is closed
		_, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
		if length := 60_000 * 100; len(body) >= length {
			t.Errorf("all %d bytes came, then %v", len(body), err)
		}
	})

	t.Run("gRPC", func(t *testing.T) {
		b := start(t, large, short)
		var still atomic.Bool
		var conn *deaf
		client, err := grpc.NewClient(b.server.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy(),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) {
				raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
				conn = &deaf{Conn: raw, deaf: &still, wakes: make(chan struct{})}
				return conn, err
			}))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		c := connsvcv1.NewConnectionServiceClient(client)
		if _, err := healthv1.NewHealthClient(client).Check(t.Context(), &healthv1.HealthCheckRequest{}); err != nil {
			t.Fatal(err)
		}
		still.Store(true)
		done := make(chan error, 1)
		go func() {
			_, err := c.GetEnhancedConnection(t.Context(), &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection})
			done <- err
		}()
		b.awaitHeld(t, func(bytes float64) bool { return bytes > 0 })
		b.awaitHeld(t, nothing)
		conn.wake()
		if err := <-done; status.Code(err) != codes.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}

// TestSlowReader takes little by little, for longer than the timeout, and gets all.
func TestSlowReader(t *testing.T) {
	const timeout = time.Second
	b := start(t, &stub{hosts: hosts(60_000)}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(timeout) }})
	conn, err := net.Dial("tcp", b.server.RESTAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(256 << 10); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", one)
	var got bytes.Buffer
	for began := time.Now(); time.Since(began) < 2*timeout; time.Sleep(timeout / 20) {
		if _, err := io.CopyN(&got, conn, 128<<10); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.Copy(&got, conn); err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(got.Bytes(), []byte("\r\n\r\n"))
	if !bytes.Contains(head, []byte(http.StatusText(http.StatusOK))) || !bytes.Contains(head, fmt.Appendf(nil, "Content-Length: %d", len(body))) {
		t.Errorf("%d bytes came of %s", len(body), head)
	}
}
