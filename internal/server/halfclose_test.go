package server_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// leave sends a GET, and ends the connection by end while the call is served. The
// context of the call arrives at the channel.
func leave(t *testing.T, with setup, end func(*net.TCPConn) error) (*caller, *gate, <-chan context.Context, *bench) {
	t.Helper()
	g, calls := newGate(), make(chan context.Context, 1)
	b := start(t, &stub{on: func(ctx context.Context, req proto.Message) error {
		calls <- ctx
		return g.wait(ctx, req)
	}}, with)
	c := b.caller(t)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", one)
	<-g.entered
	if err := end(c.Conn.(*net.TCPConn)); err != nil {
		t.Fatal(err)
	}
	return c, g, calls, b
}

// TestHalfClose: a caller that has nothing more to send gets its response.
func TestHalfClose(t *testing.T) {
	c, g, _, _ := leave(t, setup{}, (*net.TCPConn).CloseWrite)
	time.Sleep(50 * time.Millisecond) // net/http sees the end of the stream meanwhile
	close(g.open)
	if got := c.answer(t); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
	c.awaitClose(t)
}

// TestHalfCloseBeforeTheCall: the end of the stream comes with the request.
func TestHalfCloseBeforeTheCall(t *testing.T) {
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		time.Sleep(50 * time.Millisecond)
		return ctx.Err()
	}}, setup{})
	c := b.caller(t)
	fmt.Fprintf(c, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", one)
	if err := c.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got := c.answer(t); got.status != http.StatusOK {
		t.Errorf("got %+v", got)
	}
}

// TestCallerWhoLeft: the call ends when a caller that may only have closed its sending
// side had time for its response.
func TestCallerWhoLeft(t *testing.T) {
	for name, end := range map[string]func(*net.TCPConn) error{
		"closed": (*net.TCPConn).Close,
		"reset": func(c *net.TCPConn) error {
			if err := c.SetLinger(0); err != nil {
				return err
			}
			return c.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, calls, _ := leave(t, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(50 * time.Millisecond) }}, end)
			select {
			case <-(<-calls).Done():
			case <-time.After(patience):
				t.Error("the call goes on")
			}
		})
	}
}

// TestHalfCloseDoesNotHoldUpTheStop: a forced stop cuts such a call, too.
func TestHalfCloseDoesNotHoldUpTheStop(t *testing.T) {
	_, _, calls, b := leave(t, setup{
		options: func(o *server.Options) { *o = o.WithBodyTimeout(time.Hour) },
		config: func(c *configv1.Config) {
			c.Shutdown.Timeout, c.Limits.CallTimeout = durationpb.New(100*time.Millisecond), durationpb.New(time.Hour)
		},
	}, (*net.TCPConn).CloseWrite)
	if err := b.end(t); err != nil {
		t.Error(err)
	}
	select {
	case <-(<-calls).Done():
	case <-time.After(patience):
		t.Error("the call goes on")
	}
}
