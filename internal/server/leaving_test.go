package server_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// TestKeptConnectionIsLetGo holds one connection to the REST API: it is kept from
// call to call until the drain delay, in which a call on it is answered and told to
// be the last.
func TestKeptConnectionIsLetGo(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) {
		c.Shutdown.DrainDelay = durationpb.New(2 * time.Second)
	}})
	b.awaitReady(t)
	conn, err := net.Dial("tcp", b.server.RESTAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	answers := bufio.NewReader(conn)
	wantLast := func(last bool) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost"+one, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := req.Write(conn); err != nil {
			t.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.Close != last {
			t.Errorf("got %s, the last one: %v; want %v", resp.Status, resp.Close, last)
		}
		if _, err := io.Copy(io.Discard, resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	wantLast(false)
	wantLast(false)
	b.stop()
	b.awaitNotReady(t)
	wantLast(true)
}
