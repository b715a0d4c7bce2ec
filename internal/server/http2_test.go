package server_test

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
)

// TestRefusedOverHTTP2: what net/http rejects of HTTP/2 is counted and logged, and what it
// serves is not.
func TestRefusedOverHTTP2(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "server"), nil)
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Rest.Tls = f.TLS() }})
	trusting := &tls.Config{RootCAs: a.Pool(), NextProtos: []string{"h2"}}
	transport := &http.Transport{TLSClientConfig: trusting, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	call := func() {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+b.server.RESTAddr().String()+one, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || resp.ProtoMajor != 2 {
			t.Errorf("got %s over %s", resp.Status, resp.Proto)
		}
	}
	call()
	for _, tt := range []struct {
		name, path string
		more       []string
		counted    string
	}{
		{"no path", "", nil, "unreadable 1"},
		{"a bad path", "x y", nil, "unreadable 2"},
		{"a header of HTTP/1.1", one, []string{"connection", "close"}, "unreadable 3"},
		{"an encoding of HTTP/1.1", one, []string{"te", "gzip"}, "unreadable 4"},
		{"headers that are too large", one, []string{"x", strings.Repeat("x", 200<<10)}, "protocol_error 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			conn, err := tls.Dial("tcp", b.server.RESTAddr().String(), trusting)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, http2.ClientPreface)
			var block bytes.Buffer
			r := &raw{Conn: conn, Framer: http2.NewFramer(conn, conn), encoder: hpack.NewEncoder(&block)}
			r.AllowIllegalWrites = true
			if err := r.WriteSettings(); err != nil {
				t.Fatal(err)
			}
			fields := append([]string{":method", "GET", ":scheme", "https", ":authority", "localhost"}, tt.more...)
			if tt.path != "" {
				fields = append([]string{":path", tt.path}, fields...)
			}
			for i := 0; i < len(fields); i += 2 {
				if err := r.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
					t.Fatal(err)
				}
			}
			// The server may have closed the connection before all of it is written.
			first := min(block.Len(), 16<<10)
			err = r.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: block.Next(first), EndStream: true, EndHeaders: block.Len() == 0})
			for err == nil && block.Len() > 0 {
				part := block.Next(16 << 10)
				err = r.WriteContinuation(1, block.Len() == 0, part)
			}
			reason, count, _ := strings.Cut(tt.counted, " ")
			b.awaitRefused(t, "rest", "request", reason, count)
		})
	}
	call()
	b.awaitRefused(t, "rest", "request", "unreadable", "4")
}
