package server_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth/policy"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
)

const waited = "/connsvc/v1/" + project + "/enhanced-connections/" + connection + ":wait"

func waitGRPC(t *testing.T, b *bench) result {
	t.Helper()
	var trailer metadata.MD
	_, err := b.grpc.WaitEnhancedConnection(t.Context(), &connsvcv1.WaitEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection}, grpc.Trailer(&trailer))
	return grpcResult(t, err, trailer)
}

func waitREST(t *testing.T, b *bench) result {
	t.Helper()
	return b.do(t, http.MethodGet, waited+"?timeout=60s", nil, nil)
}

// A follower is a service whose watches send one event each and then go on until they
// are to end.
type follower struct{ begun, ended chan context.Context }

func newFollower() *follower {
	return &follower{make(chan context.Context, 16), make(chan context.Context, 16)}
}

func (f *follower) watch(ctx context.Context, _ *watchRequest, send sender) error {
	defer func() { f.ended <- ctx }()
	if err := send(events[1]); err != nil {
		return err
	}
	f.begun <- ctx
	select {
	case <-call.From(ctx).Stopping:
		return send(&event{Type: connsvcv1.WatchEnhancedConnectionsResponse_RECONNECT, ResumeToken: "token-2"})
	case <-ctx.Done():
		return ctx.Err()
	}
}

// TestStopEndsWatches: callers get their token and a good end, and the stop waits for no
// deadline of theirs.
func TestStopEndsWatches(t *testing.T) {
	f := newFollower()
	b := start(t, &stub{watch: f.watch}, setup{config: func(c *configv1.Config) {
		c.Shutdown = &configv1.Shutdown{Timeout: durationpb.New(time.Hour)}
	}})
	var watches []watch
	for _, api := range watchAPIs {
		for range 4 {
			watches = append(watches, api.begin(t, b, &watchRequest{ProjectId: project}, nil))
			<-f.begun
		}
	}
	if err := b.end(t); err != nil {
		t.Error(err)
	}
	for _, w := range watches {
		if got := all(t, w); !equalSeen(got, []seen{{"SYNCED", "token-1", ""}, {"RECONNECT", "token-2", ""}}) || w.end().code != "OK" {
			t.Errorf("got %+v, then %+v", got, w.end())
		}
	}
}

// TestWatcherLeaves: the call ends when its caller leaves.
func TestWatcherLeaves(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		f := newFollower()
		b := start(t, &stub{watch: f.watch}, setup{})
		w := api.begin(t, b, &watchRequest{ProjectId: project}, metadata.Pairs("x-request-id", "watch-1"))
		w.next(t)
		w.leave()
		<-f.ended
		if logged := b.logs.await(t, "call", "watch-1"); logged["code"] != "CANCELLED" || logged["events"] != 1.0 {
			t.Errorf("logged %v", logged)
		}
	})
}

// TestWaiterHangsUp: a wait over REST ends when its connection does.
func TestWaiterHangsUp(t *testing.T) {
	g := newGate()
	gone := make(chan error, 1)
	b := start(t, &stub{on: func(ctx context.Context, req proto.Message) error {
		err := g.wait(ctx, req)
		gone <- err
		return err
	}}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(time.Hour) }})
	c := b.caller(t)
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", waited)
	<-g.entered
	c.Close()
	if err := <-gone; err == nil {
		t.Error("the call goes on")
	}
}

// TestLongCallsHaveTheirOwnPlaces: those who wait take no place of those who do not, and one
// caller cannot take the places of all who wait.
func TestLongCallsHaveTheirOwnPlaces(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		f := newFollower()
		b := start(t, &stub{watch: f.watch}, setup{config: func(c *configv1.Config) { c.Limits.MaxCalls, c.Limits.MaxLongCalls = 1, 4 }})
		watches := make([]watch, 3)
		for i := range watches {
			watches[i] = api.begin(t, b, &watchRequest{ProjectId: project}, nil)
			<-f.begun
		}
		for _, one := range apis {
			if got := one.create(t, b, createRequest(), nil); got.code != "OK" {
				t.Errorf("a create over %s: %+v", one.name, got)
			}
		}
		if _, text := b.admin(t, "/metrics"); !strings.Contains(text, "\nconnsvc_calls_long 3\n") {
			t.Errorf("metrics %s", text)
		}
		for _, other := range watchAPIs {
			w := other.begin(t, b, &watchRequest{ProjectId: project}, nil)
			all(t, w)
			if got := w.end(); got.code != "RESOURCE_EXHAUSTED" || got.reason != "CALLER_QUOTA" || other.name == "rest" && got.status != http.StatusTooManyRequests {
				t.Errorf("the fourth watch, over %s: %+v", other.name, got)
			}
		}
		if got := waitREST(t, b); got.reason != "CALLER_QUOTA" {
			t.Errorf("a wait: %+v", got)
		}
		for _, w := range watches {
			w.leave()
			<-f.ended
		}
		w := api.begin(t, b, &watchRequest{ProjectId: project}, nil)
		if _, ok := w.next(t); !ok {
			t.Errorf("a watch after the others: %+v", w.end())
		}
		w.leave()
	})
}

// TestWatchIsGuarded: a watch passes authentication and the policy before the service.
func TestWatchIsGuarded(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		service := &stub{watch: sendAll(nil)}
		b := governed(t, service, &configv1.Policy{Rules: []*configv1.PolicyRule{
			rule("one", `request.connection_id != ""`, "WatchEnhancedConnections"),
		}})
		for _, tt := range []struct {
			name, connection, code, reason string
			status                         int
			md                             metadata.MD
		}{
			{"nobody", connection, "UNAUTHENTICATED", "CALLER_UNAUTHENTICATED", 401, nil},
			{"denied", "", "PERMISSION_DENIED", "POLICY_DENIED", 403, bearer(callerToken)},
			{"allowed", connection, "OK", "", 200, bearer(callerToken)},
		} {
			w := api.begin(t, b, &watchRequest{ProjectId: project, ConnectionId: tt.connection}, tt.md)
			got := all(t, w)
			if end := w.end(); end.code != tt.code || end.reason != tt.reason || api.name == "rest" && end.status != tt.status || (end.code == "OK") != (len(got) == 2) {
				t.Errorf("%s: got %+v, then %+v", tt.name, got, end)
			}
		}
	})
}

// TestNewGuardEndsWatches, so that a reload of the policy reaches their callers; a wait goes on.
func TestNewGuardEndsWatches(t *testing.T) {
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		f, g := newFollower(), newGate()
		b := governed(t, &stub{watch: f.watch, on: func(ctx context.Context, req proto.Message) error {
			if _, ok := req.(*connsvcv1.WaitEnhancedConnectionRequest); ok {
				if err := g.wait(ctx, req); err != nil {
					return err
				}
				select {
				case <-call.From(ctx).Stopping:
					t.Error("a wait ends")
				default:
				}
			}
			return nil
		}}, &configv1.Policy{Rules: []*configv1.PolicyRule{rule("all", "")}})
		w := api.begin(t, b, &watchRequest{ProjectId: project}, bearer(callerToken))
		<-f.begun
		waits := make(chan result)
		go func() {
			waits <- b.do(t, http.MethodGet, waited, http.Header{"Authorization": {"Bearer " + callerToken}}, nil)
		}()
		<-g.entered
		none, problems := policy.Compile(&configv1.Policy{CostLimit: 1000, Rules: []*configv1.PolicyRule{rule("get", "", "GetEnhancedConnection")}})
		if problems != nil {
			t.Fatal(problems)
		}
		changed := *b.server.Guard()
		changed.Policy = none
		b.server.SetGuard(&changed)
		if got := all(t, w); !equalSeen(got, []seen{{"SYNCED", "token-1", ""}, {"RECONNECT", "token-2", ""}}) || w.end().code != "OK" {
			t.Errorf("got %+v, then %+v", got, w.end())
		}
		again := api.begin(t, b, &watchRequest{ProjectId: project, ResumeToken: "token-2"}, bearer(callerToken))
		if all(t, again); again.end().reason != "POLICY_DENIED" {
			t.Errorf("another watch: %+v", again.end())
		}
		close(g.open)
		if got := <-waits; got.status != http.StatusOK {
			t.Errorf("the wait: %+v", got)
		}
	})
}

// TestLongCallsOutlastOthers: no timeout of ordinary calls or of connections cuts a wait or
// a watch.
func TestLongCallsOutlastOthers(t *testing.T) {
	const short, long = 20 * time.Millisecond, 400 * time.Millisecond
	a := certstest.NewAuthority(t)
	files := certstest.NewFolder(t, a.Issue(t, "server"), nil)
	b := start(t, &stub{
		on: func(ctx context.Context, req proto.Message) error {
			if _, ok := req.(*connsvcv1.WaitEnhancedConnectionRequest); ok {
				time.Sleep(long)
			}
			return ctx.Err()
		},
		watch: func(ctx context.Context, _ *watchRequest, send sender) error {
			_ = send(events[0])
			time.Sleep(long)
			if err := ctx.Err(); err != nil {
				return err
			}
			return send(events[1])
		},
	}, setup{
		config: func(c *configv1.Config) {
			c.Limits.CallTimeout, c.Limits.MaxConnectionAge = durationpb.New(short), durationpb.New(short)
			c.Rest.Tls = files.TLS()
		},
		options: func(o *server.Options) {
			*o = o.WithHeaderTimeout(time.Second).WithBodyTimeout(time.Second).WithReplyTime(short)
		},
	})
	if got := waitGRPC(t, b); got.code != "OK" {
		t.Errorf("wait over gRPC: %+v", got)
	}
	if w := watchGRPC(t, b, &watchRequest{ProjectId: project}, nil); !equalSeen(all(t, w), wantEvents) || w.end().code != "OK" {
		t.Errorf("watch over gRPC: %+v", w.end())
	}
	for _, protocol := range []string{"http/1.1", "h2"} {
		transport := &http.Transport{
			TLSClientConfig:   &tls.Config{RootCAs: a.Pool(), NextProtos: []string{protocol}},
			ForceAttemptHTTP2: protocol == "h2",
		}
		defer transport.CloseIdleConnections()
		get := func(path string) *http.Request {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+b.server.RESTAddr().String()+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		client := &http.Client{Transport: transport}
		resp, err := client.Do(get(waited))
		if err != nil {
			t.Errorf("wait over %s: %v", protocol, err)
			continue
		}
		if got := responseOf(t, http.MethodGet, resp); got.status != http.StatusOK || resp.ProtoMajor == 2 != (protocol == "h2") || !strings.Contains(string(got.body), `"reached":"READY"`) {
			t.Errorf("wait over %s: %+v", protocol, got)
		}
		if w := newRESTWatch(t, client, get(watched)); !equalSeen(all(t, w), wantEvents) || w.end().code != "OK" {
			t.Errorf("watch over %s: %+v", protocol, w.end())
		}
	}
}

// TestLongestWait: limits.max_wait and limits.max_watch are the deadlines of long calls.
func TestLongestWait(t *testing.T) {
	g, f := newGate(), newFollower()
	b := start(t, &stub{watch: f.watch, on: func(ctx context.Context, req proto.Message) error {
		if _, ok := req.(*watchRequest); ok {
			return nil
		}
		return g.wait(ctx, req)
	}}, setup{config: func(c *configv1.Config) {
		c.Limits.MaxWait, c.Limits.MaxWatch = durationpb.New(50*time.Millisecond), durationpb.New(50*time.Millisecond)
	}})
	if got := waitGRPC(t, b); got.code != "DEADLINE_EXCEEDED" {
		t.Errorf("over gRPC: %+v", got)
	}
	if got := waitREST(t, b); got.status != http.StatusGatewayTimeout {
		t.Errorf("over REST: %+v", got)
	}
	for _, api := range watchAPIs {
		w := api.begin(t, b, &watchRequest{ProjectId: project}, nil)
		if got := all(t, w); len(got) != 1 || w.end().code != "DEADLINE_EXCEEDED" {
			t.Errorf("over %s: %+v, then %+v", api.name, got, w.end())
		}
	}
}

// TestSlowWatcher: what a caller does not read stays with the service, and a caller who
// takes nothing is cut.
func TestSlowWatcher(t *testing.T) {
	large := &event{Type: connsvcv1.WatchEnhancedConnectionsResponse_ADDED, Connection: &connsvcv1.EnhancedConnection{Name: strings.Repeat("x", 64<<10)}}
	overBothWatches(t, func(t *testing.T, api watchAPI) {
		var sent atomic.Int64
		failed := make(chan struct{})
		b := start(t, &stub{watch: func(_ context.Context, _ *watchRequest, send sender) error {
			for {
				if err := send(large); err != nil {
					close(failed)
					return err
				}
				sent.Add(1)
			}
		}}, setup{options: func(o *server.Options) { *o = o.WithBodyTimeout(time.Second) }})
		w := api.begin(t, b, &watchRequest{ProjectId: project}, metadata.Pairs("x-request-id", "watch-1"))
		defer w.leave()
		w.next(t)
		held := int64(0)
		for stalled := false; !stalled; {
			before := sent.Load()
			time.Sleep(50 * time.Millisecond)
			held = b.held(t)
			select {
			case <-failed:
				stalled = true
			default:
				stalled = before == sent.Load()
			}
		}
		if most := int64(proto.Size(large)) * 5 / 4; held > most {
			t.Errorf("%d bytes are held, of at most one event", held)
		}
		<-failed
		if logged := b.logs.await(t, "call", "watch-1"); logged["reason"] != "CALLER_CANCELLED" {
			t.Errorf("logged %v", logged)
		}
	})
}

// held returns connsvc.held.size.
func (b *bench) held(t *testing.T) int64 {
	t.Helper()
	_, text := b.admin(t, "/metrics")
	_, after, _ := strings.Cut(text, "\nconnsvc_held_size_bytes ")
	value, _, _ := strings.Cut(after, "\n")
	n, err := strconv.ParseFloat(value, 64)
	if err != nil {
		t.Fatal(err)
	}
	return int64(n)
}

// TestLastEventID: a browser says by a header where its watch was broken off, also of one that
// it began with a token in the query.
func TestLastEventID(t *testing.T) {
	var tokens []string
	b := start(t, &stub{watch: func(ctx context.Context, req *watchRequest, send sender) error {
		tokens = append(tokens, req.GetResumeToken())
		return sendAll(nil)(ctx, req, send)
	}}, setup{})
	id := http.Header{"Last-Event-Id": {"of-the-header"}}
	for _, target := range []string{watched, watched + "?resume_token=of-the-query"} {
		for _, header := range []http.Header{nil, id} {
			if status := b.status(t, http.MethodGet, target, header, ""); status != http.StatusOK {
				t.Errorf("%s: %d", target, status)
			}
		}
	}
	if fmt.Sprint(tokens) != "[ of-the-header of-the-query of-the-header]" {
		t.Errorf("tokens %v", tokens)
	}
	twice := http.Header{"Last-Event-Id": {"a", "b"}}
	if got := b.do(t, http.MethodGet, watched, twice, nil); got.reason != "VALIDATION_FAILED" || !strings.Contains(got.text, "Last-Event-ID") {
		t.Errorf("two IDs: %+v", got)
	}
}

// status makes a REST call of which only the status counts.
func (b *bench) status(t *testing.T, method, target string, header http.Header, body string) int {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.server.RESTAddr().String()+target, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	status, _ := b.send(t, r)
	return status
}

// TestHeadOfWatch: HEAD has the head of a watch that would begin.
func TestHeadOfWatch(t *testing.T) {
	b := start(t, &stub{watch: sendAll(nil)}, setup{})
	r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, "http://"+b.server.RESTAddr().String()+watched, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newRESTWatch(t, b.http, r)
	if w.end().status != http.StatusOK {
		t.Errorf("got %+v", w.end())
	}
	if logged := b.logs.await(t, "call", w.end().requestID); logged["code"] != "OK" {
		t.Errorf("logged %v", logged)
	}
	if got := b.do(t, http.MethodHead, "/connsvc/v1/nobody-s/enhanced-connections:watch", nil, nil); got.status != http.StatusBadRequest {
		t.Errorf("of an invalid one: %+v", got)
	}
}

// TestLongCallsHaveNoBody: net/http does not notice that a caller leaves who has more to
// send.
func TestLongCallsHaveNoBody(t *testing.T) {
	b := start(t, &stub{watch: sendAll(nil)}, setup{})
	for _, target := range []string{watched, waited} {
		if got := b.do(t, http.MethodGet, target, nil, strings.NewReader("{}")); got.reason != "VALIDATION_FAILED" || got.status != http.StatusBadRequest {
			t.Errorf("%s: got %+v", target, got)
		}
	}
	if got := b.do(t, http.MethodPost, watched, nil, nil); got.status != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %+v", got)
	}
}

// TestStopEndsCallsThatWait: a wait learns that connsvc stops.
func TestStopEndsCallsThatWait(t *testing.T) {
	waiting := make(chan struct{})
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		close(waiting)
		select {
		case <-call.From(ctx).Stopping:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}}, setup{})
	got := make(chan result)
	go func() { got <- waitREST(t, b) }()
	<-waiting
	b.stop()
	if r := <-got; r.status != http.StatusOK {
		t.Errorf("got %+v", r)
	}
}
