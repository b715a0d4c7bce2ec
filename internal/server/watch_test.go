package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

type (
	watchRequest = connsvcv1.WatchEnhancedConnectionsRequest
	event        = connsvcv1.WatchEnhancedConnectionsResponse
	sender       = func(*event) error
)

const watched = "/connsvc/v1/" + project + "/enhanced-connections:watch"

// events are those of the tests.
var events = []*event{
	{Type: connsvcv1.WatchEnhancedConnectionsResponse_ADDED, Connection: &connsvcv1.EnhancedConnection{Id: connection, Name: "a\nb"}, AsOf: &timestamppb.Timestamp{Seconds: 5}},
	{Type: connsvcv1.WatchEnhancedConnectionsResponse_SYNCED, ResumeToken: "token-1"},
}

// sendAll is a watch that sends the events and returns err.
func sendAll(err error) func(context.Context, *watchRequest, sender) error {
	return func(_ context.Context, _ *watchRequest, send sender) error {
		for _, e := range events {
			if err := send(e); err != nil {
				return err
			}
		}
		return err
	}
}

// A seen is an event as a caller sees it.
type seen struct{ kind, token, name string }

var wantEvents = []seen{{"ADDED", "", "a\nb"}, {"SYNCED", "token-1", ""}}

// A watch is a watch of a caller.
type watch interface {
	// next returns the next event, or false after the last.
	next(t *testing.T) (seen, bool)
	// end returns how the watch ended.
	end() result
	// leave ends the watch.
	leave()
}

// A watchAPI begins a watch in one way.
type watchAPI struct {
	name  string
	begin func(t *testing.T, b *bench, req *watchRequest, md metadata.MD) watch
}

var watchAPIs = []watchAPI{{"grpc", watchGRPC}, {"rest", watchREST}}

func overBothWatches(t *testing.T, test func(t *testing.T, w watchAPI)) {
	t.Helper()
	for _, w := range watchAPIs {
		t.Run(w.name, func(t *testing.T) { test(t, w) })
	}
}

// all returns all events of a watch.
func all(t *testing.T, w watch) []seen {
	t.Helper()
	var events []seen
	for {
		e, ok := w.next(t)
		if !ok {
			return events
		}
		events = append(events, e)
	}
}

type grpcWatch struct {
	stream connsvcv1.ConnectionService_WatchEnhancedConnectionsClient
	cancel context.CancelFunc
	ended  result
}

func watchGRPC(t *testing.T, b *bench, req *watchRequest, md metadata.MD) watch {
	t.Helper()
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(t.Context(), md))
	stream, err := b.grpc.WatchEnhancedConnections(ctx, req)
	if err != nil {
		t.Fatal(err)
	}
	return &grpcWatch{stream: stream, cancel: cancel}
}

func (w *grpcWatch) next(t *testing.T) (seen, bool) {
	t.Helper()
	e, err := w.stream.Recv()
	if err == nil {
		return seen{e.GetType().String(), e.GetResumeToken(), e.GetConnection().GetName()}, true
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	w.ended = grpcResult(t, err, w.stream.Trailer())
	return seen{}, false
}

func (w *grpcWatch) end() result { return w.ended }
func (w *grpcWatch) leave()      { w.cancel() }

type restWatch struct {
	response *http.Response
	body     *bufio.Reader
	ended    result
}

func watchREST(t *testing.T, b *bench, req *watchRequest, md metadata.MD) watch {
	t.Helper()
	query := url.Values{}
	if id := req.GetConnectionId(); id != "" {
		query.Set("connection_id", id)
	}
	if token := req.GetResumeToken(); token != "" {
		query.Set("resume_token", token)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		"http://"+b.server.RESTAddr().String()+"/connsvc/v1/"+req.GetProjectId()+"/enhanced-connections:watch?"+query.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, values := range md {
		r.Header[http.CanonicalHeaderKey(key)] = values
	}
	return newRESTWatch(t, b.http, r)
}

func newRESTWatch(t *testing.T, client *http.Client, r *http.Request) *restWatch {
	t.Helper()
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		return &restWatch{response: resp, ended: responseOf(t, r.Method, resp)}
	}
	w := &restWatch{response: resp, body: bufio.NewReader(resp.Body)}
	w.ended = result{code: "OK", status: resp.StatusCode, header: resp.Header, requestID: resp.Header.Get("X-Request-Id")}
	if got := resp.Header; got.Get("Content-Type") != "text/event-stream" || got.Get("Cache-Control") != "no-store" ||
		got.Get("X-Accel-Buffering") != "no" || w.ended.requestID == "" {
		t.Errorf("headers %v", got)
	}
	if line, err := w.body.ReadString('\n'); r.Method != http.MethodHead && (err != nil || line != "retry: 1000\n") {
		t.Errorf("begins with %q, %v", line, err)
	}
	return w
}

func (w *restWatch) next(t *testing.T) (seen, bool) {
	t.Helper()
	if w.body == nil {
		return seen{}, false
	}
	var e seen
	for {
		line, err := w.body.ReadString('\n')
		if err != nil {
			if line != "" || e != (seen{}) || !errors.Is(err, io.EOF) {
				w.ended.code = "broken off"
			}
			w.response.Body.Close()
			return seen{}, false
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch field {
		case "id":
			e.token = value
		case "event":
			e.kind = value
		case "data":
			if e.kind == "error" {
				w.ended = restResult(t, http.MethodGet, http.StatusTeapot, http.Header{
					"Content-Type": {"application/json"}, "X-Request-Id": {w.ended.requestID},
				}, []byte(value))
				continue
			}
			var data struct {
				Type        string
				ResumeToken string `json:"resume_token"`
				Connection  struct{ Name string }
			}
			if err := json.Unmarshal([]byte(value), &data); err != nil || data.Type != e.kind || data.ResumeToken != e.token {
				t.Errorf("event %+v has the data %s: %v", e, value, err)
			}
			e.name = data.Connection.Name
		case "":
			if e.kind == "error" {
				return w.next(t)
			}
			return e, true
		default:
			t.Errorf("line %q", line)
		}
	}
}

func (w *restWatch) end() result { return w.ended }
func (w *restWatch) leave()      { w.response.Body.Close() }

// TestWatch: the events of a watch come over both APIs, and metrics and log have its end.
func TestWatch(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		requests := make(chan *watchRequest, 1)
		b := start(t, &stub{watch: func(ctx context.Context, req *watchRequest, send sender) error {
			requests <- req
			return sendAll(nil)(ctx, req, send)
		}}, setup{})
		w := api.begin(t, b, &watchRequest{ProjectId: project, ConnectionId: connection, ResumeToken: "token-0"}, metadata.Pairs("x-request-id", "watch-1"))
		if got := all(t, w); !equalSeen(got, wantEvents) || w.end().code != "OK" || w.end().requestID != "watch-1" {
			t.Errorf("got %+v, then %+v", got, w.end())
		}
		if got := <-requests; got.GetProjectId() != project || got.GetConnectionId() != connection || got.GetResumeToken() != "token-0" {
			t.Errorf("the service got %v", got)
		}
		logged := b.logs.await(t, "call", "watch-1")
		if logged["events"] != 2.0 || logged["code"] != "OK" || logged["project"] != project || logged["bytes_out"] == 0.0 || logged["rpc_method"] != "connsvc.v1.ConnectionService/WatchEnhancedConnections" {
			t.Errorf("logged %v", logged)
		}
		b.awaitMetric(t, "rpc_server_call_duration_seconds_count", map[string]string{
			"rpc_method": "connsvc.v1.ConnectionService/WatchEnhancedConnections", "api": api.name, "rpc_response_status_code": "OK",
		})
	})
}

func equalSeen(a, b []seen) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// TestWatchFails: an error before the first event has its status, and one after it ends the
// stream.
func TestWatchFails(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		missing := apierror.New(connsvcv1.ErrorReason_CONNECTION_NOT_FOUND, "", errSecret)
		for name, tt := range map[string]struct {
			watch   func(context.Context, *watchRequest, sender) error
			request *watchRequest
			events  []seen
			code    string
			reason  string
			status  int // over REST
		}{
			"project":    {request: &watchRequest{ProjectId: "not-a-project"}, code: "INVALID_ARGUMENT", reason: "VALIDATION_FAILED", status: 400},
			"connection": {request: &watchRequest{ProjectId: project, ConnectionId: "x"}, code: "INVALID_ARGUMENT", reason: "VALIDATION_FAILED", status: 400},
			"service": {
				watch: func(context.Context, *watchRequest, sender) error { return missing },
				code:  "NOT_FOUND", reason: "CONNECTION_NOT_FOUND", status: 404,
			},
			"panic": {
				watch: func(context.Context, *watchRequest, sender) error { panic("a secret") },
				code:  "INTERNAL", reason: "INTERNAL", status: 500,
			},
			"after events": {watch: sendAll(missing), events: wantEvents, code: "NOT_FOUND", reason: "CONNECTION_NOT_FOUND", status: http.StatusTeapot},
			"panic after events": {
				watch: func(ctx context.Context, req *watchRequest, send sender) error {
					_ = sendAll(nil)(ctx, req, send)
					panic("a secret")
				},
				events: wantEvents, code: "INTERNAL", reason: "INTERNAL", status: http.StatusTeapot,
			},
		} {
			t.Run(name, func(t *testing.T) {
				b := start(t, &stub{watch: tt.watch}, setup{})
				request := tt.request
				if request == nil {
					request = &watchRequest{ProjectId: project}
				}
				w := api.begin(t, b, request, metadata.Pairs("x-request-id", "watch-1"))
				got := all(t, w)
				end := w.end()
				if !equalSeen(got, tt.events) || end.code != tt.code || end.reason != tt.reason || end.requestID != "watch-1" ||
					api.name == "rest" && end.status != tt.status || strings.Contains(end.text, "secret") {
					t.Errorf("got %+v, then %+v", got, end)
				}
				logged := b.logs.await(t, "call", "watch-1")
				if logged["code"] != tt.code || logged["reason"] != tt.reason || tt.events != nil && logged["events"] != 2.0 {
					t.Errorf("logged %v", logged)
				}
			})
		}
	})
}
