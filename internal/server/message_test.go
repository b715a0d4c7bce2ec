package server_test

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
	"time"

	statusv1 "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	"github.com/connsvc/connsvc/internal/server"
)

// A message is a gRPC call on a connection of its own, whose message the test writes.
type message struct {
	io.WriteCloser
	answered chan *http.Response
}

// newMessage announces a message of size bytes.
func (b *bench) newMessage(t *testing.T, id string, size int) *message {
	t.Helper()
	transport := &http.Transport{Protocols: new(http.Protocols)}
	transport.Protocols.SetUnencryptedHTTP2(true)
	body, w := io.Pipe()
	t.Cleanup(func() { w.Close(); transport.CloseIdleConnections() })
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+b.server.GRPCAddr().String()+
		"/connsvc.v1.ConnectionService/CreateEnhancedConnection", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header = http.Header{"Content-Type": {"application/grpc"}, "Te": {"trailers"}, "X-Request-Id": {id}}
	m := &message{w, make(chan *http.Response, 1)}
	go func() {
		defer close(m.answered)
		if resp, err := transport.RoundTrip(req); err == nil {
			m.answered <- resp
		}
	}()
	if _, err := w.Write(binary.BigEndian.AppendUint32([]byte{0}, uint32(size))); err != nil {
		t.Fatal(err)
	}
	return m
}

// status waits for the end of the call and returns it.
func (m *message) status(t *testing.T) *status.Status {
	t.Helper()
	resp, ok := <-m.answered
	if !ok {
		t.Fatal("no answer")
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	field := func(name string) string { return resp.Header.Get(name) + resp.Trailer.Get(name) }
	details, err := base64.RawStdEncoding.DecodeString(field("Grpc-Status-Details-Bin"))
	if err != nil {
		t.Fatal(err)
	}
	var s statusv1.Status
	if err := proto.Unmarshal(details, &s); err != nil {
		t.Fatal(err)
	}
	if code := field("Grpc-Status"); code != strconv.Itoa(int(s.GetCode())) {
		t.Errorf("grpc-status %s, in the details %d", code, s.GetCode())
	}
	return status.FromProto(&s)
}

// TestHalfSentMessage is the fault of a slow body on the other API. At the deadline of
// the call gRPC responds by itself, so the log tells.
func TestHalfSentMessage(t *testing.T) {
	b := start(t, &stub{}, setup{config: shortCalls})
	m := b.newMessage(t, "half", 100)
	fmt.Fprint(m, "0123456789")
	if logged := b.logs.await(t, "call", "half"); logged["reason"] != "REQUEST_TIMEOUT" || logged["level"] != "INFO" {
		t.Errorf("logged %v", logged)
	}
}

// TestStalledMessage is cut long before the deadline of the call, and its place is free.
func TestStalledMessage(t *testing.T) {
	b := start(t, &stub{}, setup{
		options: func(o *server.Options) { *o = o.WithBodyTimeout(50 * time.Millisecond) },
		config:  func(c *configv1.Config) { c.Limits.MaxCalls = 1 },
	})
	m := b.newMessage(t, "stalled", 100)
	fmt.Fprint(m, "0123456789")
	got := grpcResult(t, m.status(t).Err(), map[string][]string{"x-request-id": {"stalled"}})
	if got.code != "DEADLINE_EXCEEDED" || got.reason != "REQUEST_TIMEOUT" {
		t.Errorf("got %+v", got)
	}
	if logged := b.logs.await(t, "call", "stalled"); logged["reason"] != "REQUEST_TIMEOUT" || logged["level"] != "INFO" {
		t.Errorf("logged %v", logged)
	}
	if got := createGRPC(t, b, createRequest(), nil); got.code != "OK" {
		t.Errorf("got %+v", got)
	}
}

// TestSteadyMessage lasts longer than any wait for more of it may.
func TestSteadyMessage(t *testing.T) {
	b := start(t, &stub{}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(time.Second) }})
	request := createRequest()
	for i := range 100 {
		request.Queues = append(request.Queues, fmt.Sprintf("a_queue_of_some_length_%d", i))
	}
	data, err := proto.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	m := b.newMessage(t, "steady", len(data))
	for len(data) > 0 {
		n := min(200, len(data))
		if _, err := m.Write(data[:n]); err != nil {
			t.Fatal(err)
		}
		data = data[n:]
		time.Sleep(100 * time.Millisecond)
	}
	m.Close()
	if logged := b.logs.await(t, "call", "steady"); logged["code"] != "OK" {
		t.Errorf("logged %v", logged)
	}
}
