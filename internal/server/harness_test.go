package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/config"
	"github.com/connsvc/connsvc/internal/dlijson"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/telemetry"
	"github.com/connsvc/connsvc/internal/validation"
)

// A bench is a running server and a client of each API.
type bench struct {
	server *server.Server
	logs   *logs
	grpc   connsvcv1.ConnectionServiceClient
	conn   *grpc.ClientConn
	http   *http.Client
	stop   context.CancelFunc
	done   chan error // of Run
}

// setup is what a test changes of the usual server.
type setup struct {
	config  func(*configv1.Config)
	options func(*server.Options)
	dial    []grpc.DialOption
}

// testConfig listens on free ports of loopback.
func testConfig() *configv1.Config {
	cfg := config.Default()
	cfg.Grpc.Address, cfg.Rest.Address, cfg.Admin.Address = "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"
	return cfg
}

func testOptions(t testing.TB, service connsvcv1.ConnectionServiceServer, w io.Writer) server.Options {
	t.Helper()
	tel, err := telemetry.New(w, slog.LevelDebug)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := tel.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	validator, err := validation.New()
	if err != nil {
		t.Fatal(err)
	}
	return server.Options{Service: service, Validator: validator, Telemetry: tel, Version: "v1.2.3"}
}

// start runs a server until the test ends.
func start(t testing.TB, service connsvcv1.ConnectionServiceServer, with setup) *bench {
	t.Helper()
	b := &bench{logs: newLogs(), done: make(chan error, 1)}
	cfg, options := testConfig(), testOptions(t, service, b.logs)
	if with.config != nil {
		with.config(cfg)
	}
	if with.options != nil {
		with.options(&options)
	}
	var err error
	if b.server, err = server.New(cfg, options); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	b.stop = stop
	go func() { b.done <- b.server.Run(ctx) }()
	dial := append([]grpc.DialOption{
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64 << 20)),
	}, with.dial...)
	if b.conn, err = grpc.NewClient(b.server.GRPCAddr().String(), dial...); err != nil {
		t.Fatal(err)
	}
	b.grpc = connsvcv1.NewConnectionServiceClient(b.conn)
	transport := &http.Transport{}
	b.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		b.conn.Close()
		transport.CloseIdleConnections()
		if err := b.end(t); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	return b
}

// end stops the server and returns what Run does; a second end returns nil.
func (b *bench) end(t testing.TB) error {
	t.Helper()
	b.stop()
	select {
	case err := <-b.done:
		b.done <- nil
		return err
	case <-time.After(2 * patience):
		t.Fatal("Run does not return")
		return nil
	}
}

// A result is what a caller got, of either API.
type result struct {
	code      string // "OK", "INVALID_ARGUMENT"
	reason    string
	text      string // all of the error that the caller sees
	requestID string
	status    int // HTTP; 0 for gRPC
	header    http.Header
	body      []byte
}

// A restError is the body of an error.
type restError struct {
	ErrorCode string `json:"error_code"`
	ErrorMsg  string `json:"error_msg"`
	Code      int    `json:"code"`
	Status    string `json:"status"`
	Details   []struct {
		Type            string           `json:"@type"`
		Reason          string           `json:"reason"`
		Domain          string           `json:"domain"`
		RequestID       string           `json:"requestId"`
		FieldViolations []map[string]any `json:"fieldViolations"`
	} `json:"details"`
	RequestID string `json:"request_id"`
}

// do makes a REST call.
func (b *bench) do(t testing.TB, method, target string, header http.Header, body io.Reader) result {
	t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, "http://"+b.server.RESTAddr().String()+target, body)
	if err != nil {
		t.Fatal(err)
	}
	for key, values := range header {
		req.Header[key] = values
	}
	if host := header.Get("Host"); host != "" {
		req.Host = host
		delete(req.Header, "Host")
	}
	resp, err := b.http.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, target, err)
	}
	return responseOf(t, method, resp)
}

// responseOf reads an answer whole.
func responseOf(t testing.TB, method string, resp *http.Response) result {
	t.Helper()
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return restResult(t, method, resp.StatusCode, resp.Header, text)
}

// restResult reads a response and checks what is true of all responses.
func restResult(t testing.TB, method string, code int, header http.Header, text []byte) result {
	t.Helper()
	r := result{code: "OK", status: code, header: header, body: text, requestID: header.Get("X-Request-Id")}
	if header.Get("Content-Type") != "application/json" || r.requestID == "" {
		t.Fatalf("status %d, headers %v", code, header)
	}
	if code < http.StatusBadRequest || method == http.MethodHead {
		return r
	}
	var e restError
	if err := json.Unmarshal(text, &e); err != nil {
		t.Fatalf("error body %q: %v", text, err)
	}
	if e.ErrorCode == "" || e.ErrorMsg == "" || e.Code == 0 || !bytes.HasPrefix(text, []byte(`{"error_code":`)) {
		t.Fatalf("error body %q", text)
	}
	if len(e.Details) == 0 || e.Details[0].Domain != "connsvc.v1" || e.RequestID != r.requestID {
		t.Fatalf("error body %q of request %s", text, r.requestID)
	}
	r.code, r.reason, r.text = e.Status, e.Details[0].Reason, string(text)
	return r
}

// An api makes one call in one way: tests of what both APIs do run over both.
type api struct {
	name string
	// create calls CreateEnhancedConnection.
	create func(t testing.TB, b *bench, req *connsvcv1.CreateEnhancedConnectionRequest, md metadata.MD) result
}

var apis = []api{{"grpc", createGRPC}, {"rest", createREST}}

func createGRPC(t testing.TB, b *bench, req *connsvcv1.CreateEnhancedConnectionRequest, md metadata.MD) result {
	t.Helper()
	var trailer metadata.MD
	ctx := metadata.NewOutgoingContext(context.Background(), md)
	_, err := b.grpc.CreateEnhancedConnection(ctx, req, grpc.Trailer(&trailer))
	return grpcResult(t, err, trailer)
}

func grpcResult(t testing.TB, err error, trailer metadata.MD) result {
	t.Helper()
	r := result{code: codeName(status.Code(err))}
	if ids := trailer.Get("x-request-id"); len(ids) == 1 {
		r.requestID = ids[0]
	}
	if err == nil {
		return r
	}
	r.text = prototext(status.Convert(err))
	for _, detail := range status.Convert(err).Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			r.reason = d.GetReason()
		case *errdetails.RequestInfo:
			if d.GetRequestId() != r.requestID {
				t.Fatalf("request ID %q in RequestInfo, %q in the trailer", d.GetRequestId(), r.requestID)
			}
		}
	}
	return r
}

func prototext(st *status.Status) string {
	var s strings.Builder
	s.WriteString(st.Message())
	for _, detail := range st.Details() {
		if m, ok := detail.(proto.Message); ok {
			s.WriteString(" " + m.ProtoReflect().Interface().(interface{ String() string }).String())
		}
	}
	return s.String()
}

func createREST(t testing.TB, b *bench, req *connsvcv1.CreateEnhancedConnectionRequest, md metadata.MD) result {
	t.Helper()
	body, err := dlijson.AppendRequest(nil, req, false, "project_id")
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for key, values := range md {
		header[http.CanonicalHeaderKey(key)] = values
	}
	return b.do(t, http.MethodPost, "/v2.0/"+req.GetProjectId()+"/datasource/enhanced-connections", header, bytes.NewReader(body))
}

// createRequest is a valid request.
func createRequest() *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{ProjectId: project, Name: "test", DestVpcId: vpc, DestNetworkId: network}
}

// overBothAPIs runs a test over each API.
func overBothAPIs(t *testing.T, test func(t *testing.T, d api)) {
	t.Helper()
	for _, d := range apis {
		t.Run(d.name, func(t *testing.T) { test(t, d) })
	}
}

var errSecret = errors.New("a cause that callers must not see")
