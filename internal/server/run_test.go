package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// TestCallInFlightCompletes asks the server to stop while it serves a call.
func TestCallInFlightCompletes(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		g := newGate()
		var upstreamClosed bool
		b := start(t, &stub{on: func(ctx context.Context, req proto.Message) error {
			err := g.wait(ctx, req)
			if upstreamClosed {
				t.Error("the upstream is closed under a call in flight")
			}
			return err
		}}, setup{options: func(o *server.Options) { o.CloseUpstream = func(context.Context) { upstreamClosed = true } }})
		var held sync.WaitGroup
		held.Go(func() {
			if got := d.create(t, b, createRequest(), nil); got.code != "OK" {
				t.Errorf("got %s %s", got.code, got.text)
			}
		})
		<-g.entered
		b.stop()
		b.awaitNotReady(t)
		want := fmt.Sprintf(`"waiting for calls in flight","calls_in_flight":1,"oldest":\[{"api":%q,"rpc_method":%q,"request_id":"[^"]+","age":"[^"]+s"}\]`, d.name, createName)
		for deadline := time.Now().Add(patience); !regexp.MustCompile(want).MatchString(b.logs.String()); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("no %s in\n%s", want, b.logs)
			}
		}
		close(g.open)
		held.Wait()
		if err := b.end(t); err != nil || !upstreamClosed {
			t.Errorf("Run: %v; upstream closed: %v", err, upstreamClosed)
		}
	})
}

// awaitNotReady waits until the server says that it is not ready.
func (b *bench) awaitNotReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if status, _ := b.admin(t, "/readyz"); status == http.StatusServiceUnavailable {
			return
		}
	}
	t.Fatal("it never turns not ready")
}

// TestDrainDelay: for a while it is not ready, and serves all the same.
func TestDrainDelay(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{}, setup{config: func(c *configv1.Config) {
			c.Shutdown.DrainDelay = durationpb.New(2 * time.Second)
		}})
		health := healthv1.NewHealthClient(b.conn)
		watch, err := health.Watch(t.Context(), &healthv1.HealthCheckRequest{}, grpc.WaitForReady(true))
		if err != nil {
			t.Fatal(err)
		}
		await := func(want healthv1.HealthCheckResponse_ServingStatus) {
			for got := (*healthv1.HealthCheckResponse)(nil); got.GetStatus() != want; {
				if got, err = watch.Recv(); err != nil {
					t.Fatalf("waiting for %v: %v", want, err)
				}
			}
		}
		await(healthv1.HealthCheckResponse_SERVING)
		b.stop()
		await(healthv1.HealthCheckResponse_NOT_SERVING)
		b.awaitNotReady(t)
		if got := d.create(t, b, createRequest(), nil); got.code != "OK" {
			t.Errorf("got %s %s", got.code, got.text)
		}
		if _, err := watch.Recv(); err == nil {
			t.Error("the watch goes on")
		}
	})
}

// TestForcedStop: a call that does not complete is cut, and Run returns.
func TestForcedStop(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		g := newGate()
		b := start(t, &stub{on: g.wait}, setup{config: func(c *configv1.Config) {
			c.Shutdown.Timeout = durationpb.New(100 * time.Millisecond)
		}})
		var held sync.WaitGroup
		held.Go(func() {
			if d.name == "grpc" {
				if _, err := b.grpc.CreateEnhancedConnection(context.Background(), createRequest()); status.Code(err) != codes.Unavailable && status.Code(err) != codes.Canceled {
					t.Errorf("got %v", err)
				}
				return
			}
			req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+b.server.RESTAddr().String()+one, nil)
			if err != nil {
				t.Error(err)
				return
			}
			if resp, err := b.http.Do(req); err == nil {
				t.Errorf("got %s", resp.Status)
			}
		})
		<-g.entered
		if err := b.end(t); err != nil {
			t.Errorf("Run: %v", err)
		}
		held.Wait()
	})
}

// TestNoAPIAcceptsCallsWhileTheOtherDrains: such a call would be cut at the deadline.
func TestNoAPIAcceptsCallsWhileTheOtherDrains(t *testing.T) {
	g := newGate()
	b := start(t, &stub{on: g.wait}, setup{})
	var held sync.WaitGroup
	held.Go(func() {
		resp, err := b.http.Get("http://" + b.server.RESTAddr().String() + one)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("the call in flight got %s", resp.Status)
		}
	})
	<-g.entered
	b.stop()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		conn, err := net.Dial("tcp", b.server.GRPCAddr().String())
		if err != nil {
			break
		}
		conn.Close()
		if time.Now().After(deadline) {
			t.Fatal("the gRPC API stays open while a REST call is in flight")
		}
	}
	close(g.open)
	held.Wait()
	if err := b.end(t); err != nil {
		t.Error(err)
	}
}

// TestReflectionDoesNotHoldUpTheStop: a client may keep its stream for hours.
func TestReflectionDoesNotHoldUpTheStop(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	b := start(t, &stub{}, setup{
		options: func(o *server.Options) { o.Reflection = true },
		config:  func(c *configv1.Config) { c.Shutdown.Timeout = durationpb.New(time.Hour) },
	})
	if _, err := reflectServices(ctx, b.conn); err != nil {
		t.Fatal(err)
	}
	if err := b.end(t); err != nil {
		t.Error(err)
	}
}

func TestStopInOrder(t *testing.T) {
	b := start(t, &stub{}, setup{})
	want := []string{"not ready", "drain delay", "long calls", "rest and grpc", "upstream", "admin"}
	if got := b.server.Steps(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReadyOnlyWhileRunning(t *testing.T) {
	b := start(t, &stub{}, setup{})
	b.awaitReady(t)
}

// awaitReady waits until the server says that it is ready.
func (b *bench) awaitReady(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		if code, _ := b.admin(t, "/readyz"); code == http.StatusOK {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("it never turns ready")
		}
	}
}

// TestForcedStopAwaitsHandlers: a call that is cut still uses what it calls, until
// its handler is done.
func TestForcedStopAwaitsHandlers(t *testing.T) {
	var done, early atomic.Bool
	entered := make(chan struct{})
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		close(entered)
		<-ctx.Done()
		time.Sleep(200 * time.Millisecond)
		done.Store(true)
		return ctx.Err()
	}}, setup{
		config:  func(c *configv1.Config) { c.Shutdown.Timeout = durationpb.New(50 * time.Millisecond) },
		options: func(o *server.Options) { o.CloseUpstream = func(context.Context) { early.Store(!done.Load()) } },
	})
	var held sync.WaitGroup
	held.Go(func() {
		if got := createGRPC(t, b, createRequest(), nil); got.code == "OK" {
			t.Error("it is not cut")
		}
	})
	<-entered
	if err := b.end(t); err != nil || early.Load() {
		t.Errorf("Run: %v; the upstream is closed under a handler: %v", err, early.Load())
	}
	held.Wait()
}

func TestDoorThatFailsStopsTheRest(t *testing.T) {
	srv, err := server.New(testConfig(), testOptions(t, &stub{}, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	srv.FailREST()
	if err := srv.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "serving rest") {
		t.Errorf("got %v", err)
	}
	if conn, err := net.Dial("tcp", srv.GRPCAddr().String()); err == nil {
		conn.Close()
		t.Error("the gRPC API is open")
	}
}

func TestNewOpensAllOrNone(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	cfg := testConfig()
	cfg.Grpc.Address = free.Addr().String()
	cfg.Rest.Address, cfg.Admin.Address = taken.Addr().String(), taken.Addr().String()
	_, err = server.New(cfg, testOptions(t, &stub{}, io.Discard))
	if err == nil || !strings.Contains(err.Error(), "rest.address: ") || !strings.Contains(err.Error(), "admin.address: ") {
		t.Errorf("got %v", err)
	}
	again, err := net.Listen("tcp", free.Addr().String())
	if err != nil {
		t.Fatalf("the gRPC address is still taken: %v", err)
	}
	again.Close()
}

func TestNewFailsClosed(t *testing.T) {
	for name, change := range map[string]func(*configv1.Config){
		"plaintext beyond loopback":       func(c *configv1.Config) { c.Grpc.Address, c.Auth = ":0", &configv1.Auth{Anonymous: true} },
		"unauthenticated beyond loopback": func(c *configv1.Config) { c.Grpc.Address, c.Grpc.AllowPlaintext = ":0", true },
		"with an empty auth": func(c *configv1.Config) {
			c.Grpc.Address, c.Grpc.AllowPlaintext, c.Auth = ":0", true, &configv1.Auth{}
		},
	} {
		cfg := testConfig()
		change(cfg)
		if srv, err := server.New(cfg, testOptions(t, &stub{}, io.Discard)); err == nil {
			srv.Close()
			t.Errorf("%s: it listens", name)
		}
	}
	cfg := testConfig()
	cfg.Admin = &configv1.Listener{Address: ":0", AllowPlaintext: true}
	cfg.Auth = &configv1.Auth{Anonymous: true}
	srv, err := server.New(cfg, testOptions(t, &stub{}, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	srv.Close()
}

// TestSlowLoris opens connections that send next to nothing: both HTTP ports
// close them.
func TestSlowLoris(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) { *o = o.WithHeaderTimeout(50 * time.Millisecond) }})
	for _, addr := range []net.Addr{b.server.RESTAddr(), b.server.AdminAddr()} {
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprintf(conn, "GET /livez HTTP/1.1\r\nHost: localhost\r\n")
		if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadAll(conn); err != nil {
			t.Errorf("%v: it is not closed: %v", addr, err)
		}
	}
}

// TestBodyThatNeverComes ends with the longest that a call may take.
func TestBodyThatNeverComes(t *testing.T) {
	b := start(t, &stub{}, setup{config: shortCalls})
	conn, err := net.Dial("tcp", b.server.RESTAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", connections)
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := responseOf(t, http.MethodPost, resp); got.code != "DEADLINE_EXCEEDED" {
		t.Errorf("got %+v", got)
	}
	if _, err := io.ReadAll(conn); err != nil {
		t.Errorf("the connection is not closed: %v", err)
	}
}
