package server_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// A caller is a connection to the REST API whose bytes the test writes.
type caller struct {
	net.Conn
	answers *bufio.Reader
}

func (b *bench) caller(t *testing.T) *caller {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.RESTAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(2 * patience)); err != nil {
		t.Fatal(err)
	}
	return &caller{conn, bufio.NewReader(conn)}
}

// post begins a create, with the header lines that say how long it is.
func (c *caller) post(lines string) {
	fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", connections, lines)
}

// awaitRead returns when the server has begun to read the body, of which post
// said that it comes when it is asked for.
func (c *caller) awaitRead(t *testing.T) {
	t.Helper()
	resp, err := http.ReadResponse(c.answers, nil)
	if err != nil || resp.StatusCode != http.StatusContinue {
		t.Fatalf("got %v, %v", resp, err)
	}
}

func (c *caller) answer(t *testing.T) result {
	t.Helper()
	resp, err := http.ReadResponse(c.answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	r := responseOf(t, http.MethodPost, resp)
	if resp.Close {
		r.header.Set("Connection", "close")
	}
	return r
}

func (c *caller) awaitClose(t *testing.T) {
	t.Helper()
	if rest, err := io.ReadAll(c.answers); err != nil || len(rest) > 0 {
		t.Errorf("after the answer: %q, %v", rest, err)
	}
}

// TestAnnouncedBytesHoldNothing: only bytes that came count.
func TestAnnouncedBytesHoldNothing(t *testing.T) {
	for _, length := range []string{"Content-Length: 10000000", "Transfer-Encoding: chunked"} {
		t.Run(length, func(t *testing.T) {
			b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCallsBytes = 1000 }})
			for range 3 {
				c := b.caller(t)
				c.post(length + "\r\nExpect: 100-continue")
				c.awaitRead(t)
			}
			if got := createREST(t, b, createRequest(), nil); got.code != "OK" {
				t.Errorf("got %s %s", got.code, got.text)
			}
		})
	}
}

// TestBytesCountAsTheyCome: those of a body that is not whole count already.
func TestBytesCountAsTheyCome(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCallsBytes = 100 << 10 }})
	c := b.caller(t)
	c.post("Content-Length: 10000000")
	fmt.Fprintf(c, "{%*s", 100<<10, "")
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if _, text := b.admin(t, "/metrics"); strings.Contains(text, "connsvc_held_size_bytes 102401") {
			break
		}
	}
	awaitCode := func(want string) {
		t.Helper()
		got := result{}
		for deadline := time.Now().Add(patience); got.code != want && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			got = createREST(t, b, createRequest(), nil)
		}
		if got.code != want {
			t.Errorf("got %s %s, want %s", got.code, got.text, want)
		}
	}
	awaitCode("RESOURCE_EXHAUSTED") // both are one caller's
	c.Close()
	awaitCode("OK")
}

// TestSlowBody is its caller's fault, and says so.
func TestSlowBody(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(50 * time.Millisecond) }})
	c := b.caller(t)
	c.post("X-Request-Id: slow\r\nContent-Length: 100")
	fmt.Fprint(c, "{")
	if got := c.answer(t); got.status != http.StatusRequestTimeout || got.code != "DEADLINE_EXCEEDED" || got.reason != "REQUEST_TIMEOUT" {
		t.Errorf("got %+v", got)
	}
	c.awaitClose(t)
	if logged := b.logs.await(t, "call", "slow"); logged["level"] != "INFO" || logged["bytes_in"] != 1.0 {
		t.Errorf("logged %v", logged)
	}
}

// TestSteadyBody lasts longer than any wait for more of it may.
func TestSteadyBody(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(time.Second) }})
	c := b.caller(t)
	c.post(fmt.Sprint("Content-Length: ", 15+len(create)))
	for range 15 {
		time.Sleep(100 * time.Millisecond)
		fmt.Fprint(c, " ")
	}
	fmt.Fprint(c, create)
	if got := c.answer(t); got.status != http.StatusCreated {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

// TestTruncatedBody ends on the caller's side before it is whole.
func TestTruncatedBody(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for name, lines := range map[string]string{
		"length":     "Content-Length: 100\r\n\r\n" + create[:20],
		"chunk":      "Transfer-Encoding: chunked\r\n\r\n40\r\n" + create[:20],
		"last chunk": "Transfer-Encoding: chunked\r\n\r\n14\r\n" + create[:20] + "\r\n",
		"nothing":    "Content-Length: 100\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := b.caller(t)
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\n%s", connections, lines)
			if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got := c.answer(t)
			if got.status != http.StatusBadRequest || got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, "could not be read whole") {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}
