package attack_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"golang.org/x/net/http2"
)

// TestIdleConnections opens 10,000 connections, divided by the scale, of which one half has
// made a call over REST and the other speaks HTTP/2 to gRPC, and leaves them open. A
// bystander is answered meanwhile.
func TestIdleConnections(t *testing.T) {
	_, url := newHugeDLI(t)
	c := newChild(t, url)
	stranger := newBystander(t, c)
	tried.Add(1)
	// One address may have three quarters of all connections, and the bystander needs some.
	const addresses, most = 2, 9_990
	for i := range most / *scale {
		dialer := net.Dialer{}
		if *scale == 1 { // on Linux: all of 127.0.0.0/8 is loopback
			dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(2+i%addresses))}
		}
		address := c.rest
		if i/addresses%2 == 1 {
			address = c.grpc
		}
		conn, err := dialer.DialContext(t.Context(), "tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if address == c.grpc {
			speakHTTP2(t, conn)
		} else {
			callREST(t, c, conn)
		}
	}
	achieved := stranger.end(t)
	peak, idle := c.peak(t), c.idle(t)
	if peak > containerBytes/int64(*scale) {
		achieved = fmt.Sprintf("%d MiB of memory", peak>>20)
	}
	if *figures {
		fmt.Printf("figures: %-45s %5d MiB of memory while they are opened, %d MiB when they are idle\n", fmt.Sprint(most / *scale, " idle connections"), peak>>20, idle>>20)
	}
	if achieved != "" {
		succeeded.Add(1)
		t.Errorf("the attack succeeds: %s", achieved)
	}
}

// callREST makes a call and leaves the connection open.
func callREST(t *testing.T, c *child, conn net.Conn) {
	t.Helper()
	r := listRequest(t.Context(), t, c, "p", "?limit=1")
	if err := r.Write(conn); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status, err)
	}
}

// speakHTTP2 exchanges settings and leaves the connection open.
func speakHTTP2(t *testing.T, conn net.Conn) {
	t.Helper()
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	framer := http2.NewFramer(conn, conn)
	if err := framer.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	for acknowledged := false; !acknowledged; {
		frame, err := framer.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		settings, ok := frame.(*http2.SettingsFrame)
		acknowledged = ok && settings.IsAck()
	}
}
