package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
)

// TestRefusedBeforeItIsRead has a caller that sends all before it reads anything,
// more than the system buffers, and wants its answer.
func TestRefusedBeforeItIsRead(t *testing.T) {
	const large = 12 << 20
	shed := func(c *configv1.Config) { c.Limits.MaxCalls = 0 }
	for _, tt := range []struct {
		name   string
		config func(*configv1.Config)
		path   string
		size   int
		reason string
	}{
		{"at its first byte", nil, connections, large, "VALIDATION_FAILED"},
		{"too large", nil, connections, 16<<20 + 512<<10, "BODY_TOO_LARGE"},
		{"shed", shed, connections, large, "OVERLOADED"},
		{"unknown path", nil, "/", large, "METHOD_NOT_FOUND"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := start(t, &stub{}, setup{config: tt.config})
			body := bytes.Repeat([]byte("["), tt.size)
			for length, send := range map[string]func(w io.Writer) error{
				fmt.Sprint("Content-Length: ", tt.size): func(w io.Writer) error { _, err := w.Write(body); return err },
				"Transfer-Encoding: chunked": func(w io.Writer) error {
					_, err := fmt.Fprintf(w, "%x\r\n%s\r\n0\r\n\r\n", len(body), body)
					return err
				},
			} {
				if strings.HasPrefix(length, "T") && tt.reason == "BODY_TOO_LARGE" {
					continue // the first byte is refused before the last is known of
				}
				c := b.caller(t)
				fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n\r\n", tt.path, length)
				if err := send(c); err != nil {
					t.Errorf("%s: %v", length, err)
					continue
				}
				if got := c.answer(t); got.reason != tt.reason || got.header.Get("Connection") != "close" {
					t.Errorf("%s: got %+v", length, got)
				}
				c.awaitClose(t)
			}
		})
	}
}

// TestSmallRefusalsKeepTheConnection: what is left of a small body is soon read.
func TestSmallRefusalsKeepTheConnection(t *testing.T) {
	b := start(t, &stub{}, setup{})
	c := b.caller(t)
	for range 2 {
		c.post(fmt.Sprint("Content-Length: ", 100<<10))
		fmt.Fprintf(c, "[%*s", 100<<10-1, "")
		if got := c.answer(t); got.reason != "VALIDATION_FAILED" || got.header.Get("Connection") == "close" {
			t.Errorf("got %+v", got)
		}
	}
}

// TestBodyThatWaitsIsNotAskedFor: its caller sends it when it is told to, and never
// is.
func TestBodyThatWaitsIsNotAskedFor(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCalls = 0 }})
	c := b.caller(t)
	c.post("Content-Length: 10000000\r\nExpect: 100-continue")
	if got := c.answer(t); got.status != http.StatusServiceUnavailable {
		t.Errorf("got %+v", got)
	}
	c.awaitClose(t)
}
