package server_test

import (
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
)

// awaitRefused waits until so many were refused, and for a log line about it.
func (b *bench) awaitRefused(t *testing.T, port, what, reason, count string) {
	t.Helper()
	b.awaitMetricOf(t, count, "connsvc_refused_total", map[string]string{"port": port, "what": what, "reason": reason})
	for _, l := range b.logs.lines(t) {
		if l["msg"] == "refused" && l["port"] == port && l["what"] == what && l["reason"] == reason && l["peer"] != "" {
			return
		}
	}
	t.Errorf("no log line about %s %s %s", port, what, reason)
}

// TestRefusedHandshakes: each that fails is counted by its reason, and logged with its peer.
func TestRefusedHandshakes(t *testing.T) {
	a, others := certstest.NewAuthority(t), certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "server"), a)
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Grpc.Tls, c.Rest.Tls = f.TLS(), f.TLS() }})
	foreign := others.Issue(t, "foreign").Pair(t)
	send := func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &foreign, nil }
	for _, port := range []string{"grpc", "rest"} {
		addr := b.ports()[port]
		_, _ = shake(addr, &tls.Config{RootCAs: a.Pool()})
		_, _ = shake(addr, &tls.Config{RootCAs: a.Pool(), GetClientCertificate: send})
		_, _ = shake(addr, &tls.Config{RootCAs: others.Pool()})
		_, _ = shake(addr, &tls.Config{RootCAs: a.Pool(), MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})
		conn, err := net.Dial("tcp", addr.String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, "GET / HTTP/1.1\r\n\r\n")
		_, _ = io.ReadAll(conn)
		conn.Close()
		for _, reason := range []string{"no_client_certificate", "bad_client_certificate", "rejected_by_client", "no_common_parameters", "not_tls"} {
			b.awaitRefused(t, port, "handshake", reason, "1")
		}
	}
}

// raw is a gRPC connection whose frames the test writes.
type raw struct {
	net.Conn
	*http2.Framer
	block   bytes.Buffer
	encoder *hpack.Encoder
}

func (b *bench) raw(t *testing.T) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", b.server.GRPCAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprint(conn, http2.ClientPreface)
	r := &raw{Conn: conn, Framer: http2.NewFramer(conn, conn)}
	r.encoder = hpack.NewEncoder(&r.block)
	if err := r.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	go func() {
		for { // as a client does, until the connection ends
			if _, err := r.ReadFrame(); err != nil {
				return
			}
		}
	}()
	return r
}

// headers begins a stream.
func (r *raw) headers(t *testing.T, stream uint32, end bool, fields ...string) {
	t.Helper()
	r.block.Reset()
	for i := 0; i < len(fields); i += 2 {
		if err := r.encoder.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}); err != nil {
			t.Fatal(err)
		}
	}
	block := bytes.Clone(r.block.Bytes())
	first := min(len(block), 16<<10)
	err := r.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block[:first], EndStream: end, EndHeaders: first == len(block)})
	for rest := block[first:]; err == nil && len(rest) > 0; {
		n := min(len(rest), 16<<10)
		err = r.WriteContinuation(stream, n == len(rest), rest[:n])
		rest = rest[n:]
	}
	if err != nil {
		t.Fatal(err)
	}
}

var callHeaders = []string{
	":method", "POST", ":scheme", "http", ":path", "/connsvc.v1.ConnectionService/GetEnhancedConnection",
	":authority", "localhost", "content-type", "application/grpc", "te", "trailers",
}

// with returns the headers of a call, one of them changed or added.
func with(name, value string) []string {
	fields := append([]string(nil), callHeaders...)
	for i := 0; i < len(fields); i += 2 {
		if fields[i] == name {
			fields[i+1] = value
			return fields
		}
	}
	return append(fields, name, value)
}

// TestRefusedStreams: what grpc-go rejects without asking anyone is counted and logged.
func TestRefusedStreams(t *testing.T) {
	b := start(t, &stub{}, setup{})
	r := b.raw(t)
	stream := uint32(1)
	for _, fields := range [][]string{
		with("content-type", "text/plain"), with("grpc-timeout", "soon"), with(":method", "GET"), with("grpc-encoding", "br"), with("x-bin", "?"),
	} {
		r.headers(t, stream, true, fields...)
		stream += 2
	}
	b.awaitRefused(t, "grpc", "request", "bad_headers", "5")
	many := with("x-a", "")
	for i := range 36 {
		many = append(many, fmt.Sprint("x-", i), strings.Repeat("x", 2000))
	}
	r.headers(t, stream, true, many...)
	b.awaitRefused(t, "grpc", "request", "metadata_too_large", "1")
	for range 101 {
		stream += 2
		r.headers(t, stream, false, callHeaders...)
	}
	b.awaitRefused(t, "grpc", "request", "too_many_streams", "1")
	b.raw(t).headers(t, 2, true, callHeaders...)                                               // even: not a client's
	if err := b.raw(t).WriteRawFrame(http2.FrameSettings, 0, 0, make([]byte, 5)); err != nil { // six bytes each
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", b.server.GRPCAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
	b.awaitRefused(t, "grpc", "request", "protocol_error", "3")
	b.awaitRefused(t, "grpc", "request", "bad_headers", "5")
	if _, err := createGRPCError(t, b); err != nil {
		t.Errorf("a call of another connection: %v", err)
	}
}

func createGRPCError(t *testing.T, b *bench) (any, error) {
	t.Helper()
	return b.grpc.CreateEnhancedConnection(t.Context(), createRequest())
}

// TestUnreadRequests: what net/http rejects itself is counted and logged, and what is
// served is not.
func TestUnreadRequests(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) { *o = o.WithHeaderTimeout(100 * time.Millisecond) }})
	for _, head := range []string{
		"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("x", 100<<10) + "\r\n\r\n", // 431
		"POST / HTTP/1.1\r\nHost: localhost\r\nExpect: a miracle\r\n\r\n",                      // 417
		"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n",                // 501
		"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", // 400
		"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n",                                            // 505
		"GET / HTTP/1.1\r\nHost: loc",                                                          // never complete
	} {
		conn, err := net.Dial("tcp", b.server.RESTAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(conn, head)
		_, _ = io.ReadAll(conn)
		conn.Close()
	}
	for range 3 {
		if got := b.do(t, http.MethodGet, one, nil, nil); got.status != http.StatusOK {
			t.Errorf("got %d", got.status)
		}
	}
	b.awaitRefused(t, "rest", "request", "unreadable", "6")
}

// TestTooManyConnections: those beyond the limit are closed, counted and logged.
func TestTooManyConnections(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxConnections = 4 }})
	if _, err := createGRPCError(t, b); err != nil {
		t.Fatal(err)
	}
	var conns []net.Conn
	for range 3 { // with that of the client one more than three quarters
		conn, err := net.Dial("tcp", b.server.RESTAddr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns = append(conns, conn)
	}
	if _, err := io.ReadAll(conns[2]); err != nil {
		t.Logf("the last connection: %v", err) // closed with a reset
	}
	b.awaitRefused(t, "rest", "connection", "too_many_of_address", "1")
	conns[0].Close()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, text := b.admin(t, "/metrics"); strings.Contains(text, "\nconnsvc_connections 2") {
			break
		}
	}
	if got := b.do(t, http.MethodGet, one, nil, nil); got.status != http.StatusOK {
		t.Errorf("when one was closed: got %d", got.status)
	}
}

// TestLogOfAFlood is bounded, and says what it leaves out.
func TestLogOfAFlood(t *testing.T) {
	b := start(t, &stub{}, setup{})
	const calls = 3000
	for range calls {
		b.handle(t, request(t, http.MethodGet, "/nothing", http.NoBody))
	}
	logged := 0
	for _, l := range b.logs.lines(t) {
		if l["msg"] == "call" {
			logged++
		}
	}
	if logged < 1000 || logged > 2500 {
		t.Errorf("%d of %d calls are logged", logged, calls)
	}
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) && !strings.Contains(b.logs.String(), `"lines_omitted":`) {
		time.Sleep(10 * time.Millisecond)
		b.handle(t, request(t, http.MethodGet, "/nothing", http.NoBody))
	}
	if !strings.Contains(b.logs.String(), `"lines_omitted":`) {
		t.Error("no line says how many were omitted")
	}
}

// TestContentEncoding: a compressed body is not JSON, and a byte-order mark is passed over.
func TestContentEncoding(t *testing.T) {
	b := start(t, &stub{}, setup{})
	for _, encoding := range []string{"gzip", "br", "identity, gzip"} {
		got := b.do(t, http.MethodPost, connections, http.Header{"Content-Encoding": {encoding}}, strings.NewReader(create))
		if got.status != http.StatusUnsupportedMediaType || got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, "Content-Encoding") {
			t.Errorf("%s: got %d %s", encoding, got.status, got.body)
		}
	}
	if got := b.do(t, http.MethodPost, connections, http.Header{"Content-Encoding": {"identity"}}, strings.NewReader(create)); got.status != http.StatusCreated {
		t.Errorf("identity: got %d %s", got.status, got.body)
	}
	for _, body := range []io.Reader{strings.NewReader("\xef\xbb\xbf" + create), io.MultiReader(strings.NewReader("\xef\xbb"), strings.NewReader("\xbf"), strings.NewReader(create))} {
		if got := b.do(t, http.MethodPost, connections, nil, body); got.status != http.StatusCreated {
			t.Errorf("a byte-order mark: got %d %s", got.status, got.body)
		}
	}
	for _, body := range []string{"\xef\xbb", "\xef\xbb\xbf", "\xef\xbb\xbf\xef\xbb\xbf" + create} {
		if got := b.do(t, http.MethodPost, connections, nil, strings.NewReader(body)); got.status != http.StatusBadRequest {
			t.Errorf("%q: got %d %s", body[:2], got.status, got.body)
		}
	}
}

// TestHeadsWithoutData: one connection begins as many calls as it may and sends nothing.
// Other callers are served, though only few calls may be in flight.
func TestHeadsWithoutData(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCalls = 60 }})
	r := b.raw(t)
	for i := range uint32(1000) {
		r.headers(t, 2*i+1, false, callHeaders...)
	}
	b.awaitMetricMatching(t, func(v string) bool { return v != "0" }, "connsvc_refused_total", map[string]string{"port": "grpc", "what": "request", "reason": "too_many_streams"})
	overBothAPIs(t, func(t *testing.T, d api) {
		for range 20 {
			if got := d.create(t, b, createRequest(), nil); got.code != "OK" && got.reason != "CALLER_QUOTA" {
				t.Errorf("got %s %s", got.code, got.text)
			}
		}
	})
}

// TestCompressedMessage: gzip is read up to the limit of a request, and no further.
func TestCompressedMessage(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxRequestBytes = 1 << 20 }})
	r := b.raw(t)
	r.headers(t, 1, false, with("grpc-encoding", "gzip")...)
	bomb := gzipped(t, 20<<20)
	message := binary.BigEndian.AppendUint32([]byte{1}, uint32(len(bomb)))
	if err := r.WriteData(1, false, append(message, bomb[:10]...)); err != nil {
		t.Fatal(err)
	}
	for rest := bomb[10:]; len(rest) > 0; {
		n := min(len(rest), 16<<10)
		if err := r.WriteData(1, n == len(rest), rest[:n]); err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	b.awaitMetricMatching(t, func(v string) bool { return v != "0" }, "rpc_server_call_duration_seconds_count",
		map[string]string{"api": "grpc", "rpc_method": "connsvc.v1.ConnectionService/GetEnhancedConnection", "reason": "BODY_TOO_LARGE"})
}

func gzipped(t *testing.T, zeros int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(make([]byte, zeros)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
