package attack_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protowire"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
)

// suffers returns what goes wrong with a call over each API of someone who has nothing to
// do with the attack.
func (at *target) suffers(t *testing.T) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bystanderDeadline)
	defer cancel()
	r := signed{method: http.MethodGet, path: connections + "?limit=1"}.request(t, at)
	if got := at.send(t, r.WithContext(ctx)); got != http.StatusOK {
		return fmt.Sprint("a bystander's GET gets ", got)
	}
	conn, err := grpc.NewClient(at.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+forgery{}.token(t))
	if _, err = connsvcv1.NewConnectionServiceClient(conn).ListEnhancedConnections(ctx, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project}); err != nil {
		return "a bystander's call fails: " + err.Error()
	}
	return ""
}

// many opens n connections and writes the text to each. They stay open until the test ends.
func many(t *testing.T, address string, n int, text string) {
	t.Helper()
	for range n {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := io.WriteString(conn, text); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSlow opens connections and leaves what it sends unfinished.
func TestSlow(t *testing.T) {
	at := newTarget(t)
	auth := "Authorization: Bearer " + canaries["TOKEN"] + "\r\n"
	var attempts []attempt
	for name, what := range map[string]struct {
		text string
		grpc bool
	}{
		"nothing":                 {"", false},
		"a half request line":     {"GET /v2.0", false},
		"a half head":             {"GET " + connections + " HTTP/1.1\r\nHost: localhost\r\n" + auth + "X: ", false},
		"a body that never comes": {"POST " + connections + " HTTP/1.1\r\nHost: localhost\r\n" + auth + "Content-Length: 1000\r\n\r\n", false},
		"a half body":             {"POST " + connections + " HTTP/1.1\r\nHost: localhost\r\n" + auth + "Content-Length: 1000\r\n\r\n{\"name\":", false},
		"a half chunk":            {"POST " + connections + " HTTP/1.1\r\nHost: localhost\r\n" + auth + "Transfer-Encoding: chunked\r\n\r\n400\r\n{\"name\":", false},
		"nothing, to gRPC":        {"", true},
		"a half preface":          {http2.ClientPreface[:10], true},
		"a preface, no settings":  {http2.ClientPreface, true},
		"a half frame":            {http2.ClientPreface + "\x00\x00\x06\x04\x00\x00\x00\x00", true},
	} {
		attempts = append(attempts, attempt{name, func(t *testing.T, at *target) string {
			address := strings.TrimPrefix(at.rest, "http://")
			if what.grpc {
				address = at.grpc
			}
			many(t, address, 400, what.text)
			return at.suffers(t)
		}})
	}
	play(t, at, attempts)
	at.wantNothingShown(t)
}

// A framer is a connection to the gRPC API of a client that keeps no rules.
type framer struct {
	*http2.Framer
	conn   net.Conn
	header bytes.Buffer
	hpack  *hpack.Encoder
	closed chan struct{} // by the server
}

func newFramer(t *testing.T, at *target) *framer {
	t.Helper()
	conn, err := net.Dial("tcp", at.grpc)
	if err != nil {
		t.Fatal(err)
	}
	f := &framer{Framer: http2.NewFramer(conn, conn), conn: conn, closed: make(chan struct{})}
	f.hpack = hpack.NewEncoder(&f.header)
	f.AllowIllegalWrites = true
	go func() {
		defer close(f.closed)
		_, _ = io.Copy(io.Discard, conn)
	}()
	t.Cleanup(func() {
		conn.Close()
		<-f.closed
	})
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		t.Fatal(err)
	}
	if err := f.WriteSettings(); err != nil {
		t.Fatal(err)
	}
	return f
}

// call returns the headers of a call.
func (f *framer) call(more ...string) []byte {
	f.header.Reset()
	fields := append([]string{
		":method", "POST", ":scheme", "http", ":path", connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName, ":authority", "localhost",
		"content-type", "application/grpc", "te", "trailers", "authorization", "Bearer " + canaries["TOKEN"],
	}, more...)
	for i := 0; i < len(fields); i += 2 {
		_ = f.hpack.WriteField(hpack.HeaderField{Name: fields[i], Value: fields[i+1]}) // to a buffer
	}
	return f.header.Bytes()
}

// maxLogged bounds what a flood may write to the log.
const maxLogged = 2 << 20

// TestFloods sends frames that cost connsvc more than the attacker: others are served, and
// the log stays small.
func TestFloods(t *testing.T) {
	at := newTarget(t)
	const frames = 20_000
	// send sends frames until the server has enough. It returns how many it took.
	send := func(write func(f *framer, n int) error) func(t *testing.T, at *target) string {
		return func(t *testing.T, at *target) string {
			logged := len(at.shown.String())
			f := newFramer(t, at)
			for n := range frames {
				if write(f, n) != nil {
					break
				}
			}
			if suffered := at.suffers(t); suffered != "" {
				return suffered
			}
			if n := len(at.shown.String()) - logged; n > maxLogged {
				return fmt.Sprintf("%d bytes are logged", n)
			}
			return ""
		}
	}
	stream := func(n int) uint32 { return uint32(2*n + 1) }
	headers := func(f *framer, n int, ended bool, more ...string) error {
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream(n), BlockFragment: f.call(more...), EndHeaders: true, EndStream: ended})
	}
	play(t, at, []attempt{
		{"rapid reset", send(func(f *framer, n int) error {
			return errors.Join(headers(f, n, false), f.WriteRSTStream(stream(n), http2.ErrCodeCancel))
		})},
		{"rapid reset of whole calls", send(func(f *framer, n int) error {
			return errors.Join(headers(f, n, false), f.WriteData(stream(n), true, make([]byte, 5)), f.WriteRSTStream(stream(n), http2.ErrCodeCancel))
		})},
		{"streams without end", send(func(f *framer, n int) error { return headers(f, n, false) })},
		{"made to reset", send(func(f *framer, n int) error { // the server resets it
			return errors.Join(headers(f, n, false), f.WriteWindowUpdate(stream(n), 0))
		})},
		{"bad content types", send(func(f *framer, n int) error { return headers(f, n, true, "content-type", "x") })},
		{"pings", send(func(f *framer, n int) error { return f.WritePing(false, [8]byte{byte(n)}) })},
		{"settings", send(func(f *framer, n int) error {
			return f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(n)})
		})},
		{"empty data", send(func(f *framer, n int) error {
			if n == 0 {
				return headers(f, 0, false)
			}
			return f.WriteData(1, false, nil)
		})},
		{"priorities", send(func(f *framer, n int) error {
			return f.WritePriority(stream(n), http2.PriorityParam{StreamDep: stream(n + 1)})
		})},
		{"unknown frames", send(func(f *framer, _ int) error { return f.WriteRawFrame(0xbe, 0, 1, make([]byte, 1000)) })},
		{"window updates", send(func(f *framer, _ int) error { return f.WriteWindowUpdate(0, 1) })},
		{"a header that is sent once and named often", send(func(f *framer, n int) error {
			if n == 100 {
				return io.EOF
			}
			more := make([]string, 0, 2000)
			for range 1000 {
				more = append(more, "x", strings.Repeat("x", 3000))
			}
			return headers(f, n, true, more...)
		})},
		{"continuations without end", func(t *testing.T, at *target) string {
			f := newFramer(t, at)
			err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.call()})
			part, sent := bytes.Repeat([]byte("\x00\x01x\x01y"), 3000), 0 // x: y, not indexed
			for ; err == nil && sent < 256<<20; sent += len(part) {
				err = f.WriteContinuation(1, false, part)
			}
			if err == nil {
				return fmt.Sprintf("%d bytes of headers are taken", sent)
			}
			return at.suffers(t)
		}},
		{"empty continuations without end", func(t *testing.T, at *target) string {
			f := newFramer(t, at)
			err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: f.call()})
			for n := 0; err == nil && n < frames; n++ {
				err = f.WriteContinuation(1, false, nil)
			}
			return at.suffers(t)
		}},
	})
	at.wantNothingShown(t)
}

// TestBombs sends requests that are far larger when they are read.
func TestBombs(t *testing.T) {
	at := newTarget(t)
	auth := "Bearer " + canaries["TOKEN"]
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	part := make([]byte, 1<<20)
	for range 512 {
		if _, err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	var attempts []attempt
	for name, r := range map[string]struct{ encoding, body string }{
		"gzip":                  {"gzip", zipped.String()},
		"gzip, twice":           {"gzip, gzip", zipped.String()},
		"deflate":               {"deflate", zipped.String()},
		"gzip, in another case": {"GZip", zipped.String()},
		"depth":                 {"", strings.Repeat(`{"hosts":[`, 1<<20)},
		"lists":                 {"", strings.Repeat(`[`, 8<<20)},
		"depth of an unknown":   {"", `{"x":` + strings.Repeat(`[`, 8<<20)},
		"empty elements":        {"", `{"hosts":[` + strings.Repeat(`{},`, 5<<20) + `{}]}`},
		"empty strings":         {"", `{"queues":[` + strings.Repeat(`"",`, 5<<20) + `""]}`},
		"names":                 {"", `{` + strings.Repeat(`"a":1,`, 2<<20) + `"b":1}`},
		"a number of a million": {"", `{"hosts":` + strings.Repeat("9", 1<<20) + `}`},
		"an exponent":           {"", `{"hosts":1e` + strings.Repeat("9", 1<<20) + `}`},
		"a long name":           {"", `{"` + strings.Repeat("x", 15<<20) + `":1}`},
		"escapes":               {"", `{"name":"` + strings.Repeat(`\u0000`, 2<<20) + `"}`},
		"white space":           {"", strings.Repeat(" ", 17<<20) + "{}"},
		"bad UTF-8":             {"", `{"name":"` + strings.Repeat("\xff", 1<<20) + `"}`},
	} {
		attempts = append(attempts, attempt{name, func(t *testing.T, at *target) string {
			before := at.calls()
			request := at.request(t, http.MethodPost, connections, r.body)
			request.Header.Set("Authorization", auth)
			if r.encoding != "" {
				request.Header.Set("Content-Encoding", r.encoding)
			}
			if got := at.send(t, request); got > 0 && got < 400 || got >= 500 || at.calls() != before {
				return fmt.Sprint("status ", got)
			}
			return at.suffers(t)
		}})
	}
	host := protowire.AppendBytes(protowire.AppendTag(nil, 8, protowire.BytesType), nil)
	for name, m := range map[string]struct {
		flag byte
		text []byte
	}{
		"gRPC: gzip":              {1, zipped.Bytes()},
		"gRPC: empty hosts":       {0, bytes.Repeat(host, 7<<20)},
		"gRPC: unknown fields":    {0, bytes.Repeat(protowire.AppendVarint(protowire.AppendTag(nil, 1000, protowire.VarintType), 1), 4<<20)},
		"gRPC: groups in groups":  {0, bytes.Repeat(protowire.AppendTag(nil, 1000, protowire.StartGroupType), 4<<20)},
		"gRPC: a length too long": {0, protowire.AppendVarint(protowire.AppendTag(nil, 3, protowire.BytesType), 1<<60)},
	} {
		attempts = append(attempts, attempt{name, func(t *testing.T, at *target) string {
			before := at.calls()
			switch code := at.sendMessage(t, auth, m.flag, m.text); code {
			case codes.ResourceExhausted, codes.InvalidArgument, codes.Unavailable:
			default:
				return "the call gets " + code.String()
			}
			if at.calls() != before {
				return "DLI is called"
			}
			return at.suffers(t)
		}})
	}
	play(t, at, attempts)
	at.wantNothingShown(t)
}

// sendMessage sends the bytes as the message of a create. It returns the status.
func (at *target) sendMessage(t *testing.T, auth string, compressed byte, message []byte) codes.Code {
	t.Helper()
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	defer transport.CloseIdleConnections()
	prefix := binary.BigEndian.AppendUint32([]byte{compressed}, uint32(len(message)))
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+at.grpc+connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName,
		io.MultiReader(bytes.NewReader(prefix), bytes.NewReader(message)))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Content-Type": "application/grpc", "Te": "trailers", "Grpc-Encoding": "gzip", "Authorization": auth} {
		r.Header.Set(name, value)
	}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		return codes.Unavailable // rejected without a response
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return codes.Unavailable
	}
	fmt.Fprintln(at.shown, resp.Header, resp.Trailer)
	text := resp.Trailer.Get("Grpc-Status")
	if text == "" {
		text = resp.Header.Get("Grpc-Status")
	}
	code, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return codes.Code(code)
}
