package upstream_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/connsvc/connsvc/internal/upstream"
)

// raw makes a router before a listener whose connections are given to serve.
func raw(t *testing.T, serve func(c *net.TCPConn, r *bufio.Reader)) *upstream.Router {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serve(c.(*net.TCPConn), bufio.NewReader(c))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return router(t, upstream.Options{}, signedBy("http://"+l.Addr().String()))
}

// next reads a request whole.
func next(r *bufio.Reader) error {
	request, err := http.ReadRequest(r)
	if err == nil {
		_, err = io.Copy(io.Discard, request.Body)
	}
	return err
}

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

// A POST is seen once, on a new connection and on one that had served before.
func TestPostIsNeverSentTwice(t *testing.T) {
	for name, end := range map[string]func(c *net.TCPConn){
		"closed": func(c *net.TCPConn) { _ = c.Close() },
		"reset":  reset,
		"half an answer": func(c *net.TCPConn) {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Le")
			_ = c.Close()
		},
		"no HTTP": func(c *net.TCPConn) { _, _ = io.WriteString(c, "SSH-2.0-x\r\n\r\n") },
	} {
		for _, before := range []int32{0, 2} {
			t.Run(name, func(t *testing.T) {
				var requests atomic.Int32
				r := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
					for next(r) == nil {
						if requests.Add(1) > before {
							end(c)
							return
						}
						_, _ = io.WriteString(c, okAnswer)
					}
				})
				for range before {
					if err := callCreate(t.Context(), r); err != nil {
						t.Fatal(err)
					}
				}
				wantKind(t, callCreate(t.Context(), r), upstream.Broken, true)
				if got := requests.Load(); got != before+1 {
					t.Errorf("%d requests arrived, want %d", got, before+1)
				}
			})
		}
	}
}

// What a server says beyond its answer is in no answer.
func TestLongerThanDeclared(t *testing.T) {
	r := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		if next(r) == nil {
			_, _ = io.WriteString(c, okAnswer+`{"is_success":false}`)
		}
	})
	for range 3 {
		if err := callCreate(t.Context(), r); err != nil {
			t.Errorf("Call: %v (%v)", err, errors.Unwrap(err))
		}
	}
}

// A reset that comes before the request was read leaves open what was.
func TestResetBeforeReading(t *testing.T) {
	r := raw(t, func(c *net.TCPConn, r *bufio.Reader) {
		_, _ = r.Peek(1)
		reset(c)
	})
	wantKind(t, callCreate(t.Context(), r), upstream.Broken, true)
}

func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	plain := newServer(t, answer(200, `{}`))
	tls := httptest.NewUnstartedServer(answer(200, `{}`))
	tls.Config.ErrorLog = log.New(io.Discard, "", 0)
	tls.StartTLS()
	defer tls.Close()
	for name, endpoint := range map[string]string{
		"refused":             "http://" + closed.Addr().String(),
		"no such host":        "https://dli.invalid",
		"unknown certificate": tls.URL,
		"no TLS":              "https" + plain[len("http"):],
	} {
		t.Run(name, func(t *testing.T) {
			r := router(t, upstream.Options{}, signedBy(endpoint))
			e := wantKind(t, callCreate(t.Context(), r), upstream.Unreachable, false)
			if e.HTTPStatus != 0 || e.Err == nil {
				t.Errorf("got %+v", *e)
			}
			if name == "refused" && !errors.Is(e, syscall.ECONNREFUSED) {
				t.Errorf("the cause %v does not unwrap to %v", e.Err, syscall.ECONNREFUSED)
			}
		})
	}
}

// hanging answers with part of an answer, and no more until it is let go.
func hanging(t *testing.T, part string) (endpoint string, arrived <-chan struct{}) {
	t.Helper()
	seen, release := make(chan struct{}, 10), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if part != "" {
			_, _ = io.WriteString(w, part)
			_ = http.NewResponseController(w).Flush()
		}
		seen <- struct{}{}
		<-release
	}))
	t.Cleanup(func() {
		close(release)
		server.Close()
	})
	return server.URL, seen
}

func TestHangs(t *testing.T) {
	for name, part := range map[string]string{"before the answer": "", "within it": `{"name":`} {
		t.Run(name, func(t *testing.T) {
			endpoint, arrived := hanging(t, part)
			r := router(t, upstream.Options{}, signedBy(endpoint))

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			wantKind(t, callCreate(ctx, r), upstream.Timeout, true)
			<-arrived

			ctx, cancel = context.WithCancel(t.Context())
			go func() {
				<-arrived
				cancel()
			}()
			wantKind(t, callCreate(ctx, r), upstream.Cancelled, true)

			short := signedBy(endpoint)
			short.Timeout = durationpb.New(50 * time.Millisecond)
			wantKind(t, callCreate(t.Context(), router(t, upstream.Options{}, short)), upstream.Timeout, true)
		})
	}
}

// A call that is over before it begins is not sent.
func TestDoneBeforeTheCall(t *testing.T) {
	r := served(t, upstream.Options{}, func(_ http.ResponseWriter, r *http.Request) { t.Errorf("%s was sent", r.RequestURI) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantKind(t, callCreate(ctx, r), upstream.Cancelled, false)
	ctx, cancel = context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	wantKind(t, callCreate(ctx, r), upstream.Timeout, false)
}

// A server that takes connections and does not greet: nothing was sent yet.
func TestHangingHandshake(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	r := router(t, upstream.Options{}, signedBy("https://"+l.Addr().String()))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	wantKind(t, callCreate(ctx, r), upstream.Timeout, false)
}
