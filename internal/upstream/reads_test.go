package upstream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/protobuf/testing/protocmp"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	record "github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

// slowly answers after a second.
func slowly(handler http.HandlerFunc) http.HandlerFunc { return slowlyBy(time.Second, handler) }

func slowlyBy(delay time.Duration, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(delay)
		handler(w, r)
	}
}

const oneConnection = `{"connections":[{"id":"i","name":"n","hosts":[{"name":"h","ip":"192.168.0.1"}]}]}`

// Identical reads in flight are one request, and each caller has an answer of its
// own to change.
func TestIdenticalReadsShare(t *testing.T) {
	const callers = 20
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, oneConnection)), func(t *testing.T, b *bubble) {
		want := &connsvcv1.ListEnhancedConnectionsResponse{IsSuccess: true, Connections: []*connsvcv1.EnhancedConnection{{
			Id: "i", Name: "n", Hosts: []*connsvcv1.Host{{Name: "h", Ip: "192.168.0.1"}},
		}}}
		var running sync.WaitGroup
		for range callers {
			running.Go(func() {
				got := &connsvcv1.ListEnhancedConnectionsResponse{}
				if err := callOf(t.Context(), b.Router, list, &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Limit: new(int32)}, got); err != nil {
					t.Errorf("Call: %v", err)
				}
				if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				// As the service does for the BASIC view; the race detector looks on.
				got.Connections[0].Hosts[0].Name = "changed"
				got.Connections[0].Hosts = nil
				got.Connections = got.Connections[:0]
			})
		}
		running.Wait()
		if b.requests.Load() != 1 || b.stats(t).shared != callers-1 {
			t.Errorf("%d requests arrived, %d reads were shared", b.requests.Load(), b.stats(t).shared)
		}
	})
}

// What is not identical is not shared, nor is a read with one that has ended.
func TestOtherReadsDoNotShare(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, `{}`)), func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for _, name := range []string{"a", "b"} {
			running.Go(func() { _ = callList(t, b.Router, name) })
		}
		for _, method := range []string{get, connsvcv1.ConnectionService_ListPrivileges_FullMethodName} {
			running.Go(func() {
				req, resp := requestOf(t, method)
				_ = callOf(t.Context(), b.Router, method, req, resp)
			})
		}
		for range 2 {
			running.Go(func() { _ = callRemove(t.Context(), b.Router) })
		}
		running.Wait()
		_ = callList(t, b.Router, "a")
		if b.requests.Load() != 7 {
			t.Errorf("%d requests arrived, want 7", b.requests.Load())
		}
	})
}

// A caller who goes does not take the read from those who wait; the last one does.
func TestGoingLeavesTheReadToOthers(t *testing.T) {
	for _, who := range []string{"first", "second"} {
		t.Run(who, func(t *testing.T) {
			inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, `{"name":"n"}`)), func(t *testing.T, b *bubble) {
				goes, cancel := context.WithCancel(t.Context())
				stays := t.Context()
				contexts := []context.Context{goes, stays}
				if who == "second" {
					contexts = []context.Context{stays, goes}
				}
				var running sync.WaitGroup
				for _, ctx := range contexts {
					running.Go(func() {
						start := time.Now()
						var got connsvcv1.EnhancedConnection
						err := callOf(ctx, b.Router, get, getRequest(), &got)
						if ctx == stays {
							if err != nil || got.GetName() != "n" || time.Since(start) != time.Second {
								t.Errorf("who stayed: %v after %v: %v", &got, time.Since(start), err)
							}
							return
						}
						wantKind(t, err, upstream.Cancelled, true)
						if time.Since(start) != 500*time.Millisecond {
							t.Errorf("who went returned after %v", time.Since(start))
						}
					})
					synctest.Wait()
				}
				time.Sleep(500 * time.Millisecond)
				cancel()
				running.Wait()
				if b.requests.Load() != 1 {
					t.Errorf("%d requests arrived, want 1", b.requests.Load())
				}
			})
		})
	}
}

// Each caller has its own deadline, and the request ends with the last.
func TestDeadlinesOfSharers(t *testing.T) {
	ended := make(chan time.Duration, 1)
	inBubble(t, withToken("http://127.0.0.1:1"), func(_ http.ResponseWriter, r *http.Request) {
		start := time.Now()
		<-r.Context().Done()
		ended <- time.Since(start)
	}, func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for i := range 3 {
			wait := time.Duration(i+1) * time.Second
			ctx, cancel := context.WithTimeout(t.Context(), wait)
			defer cancel()
			running.Go(func() {
				start := time.Now()
				wantKind(t, callGet(ctx, b.Router), upstream.Timeout, true)
				if time.Since(start) != wait {
					t.Errorf("returned after %v, want %v", time.Since(start), wait)
				}
			})
		}
		running.Wait()
		if got := <-ended; got != 3*time.Second || b.requests.Load() != 1 {
			t.Errorf("the request ended after %v, of %d", got, b.requests.Load())
		}
		synctest.Wait()
		if got := b.stats(t).inFlight; got != 0 {
			t.Errorf("%d are in flight", got)
		}
	})
}

// Who has created a connection finds it: a read that began before is not joined.
func TestReadYourWrites(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			time.Sleep(time.Second)
		}
		answer(200, `{}`)(w, r)
	}, func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		running.Go(func() { _ = callList(t, b.Router, "n") })
		synctest.Wait()
		if err := callCreate(t.Context(), b.Router); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			running.Go(func() { _ = callList(t, b.Router, "n") })
		}
		running.Wait()
		if b.requests.Load() != 3 {
			t.Errorf("%d requests arrived, want the create and 2 lists", b.requests.Load())
		}
	})
}

// An error is of each caller's own.
func TestErrorsAreNotShared(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(404, `{"error_code":"DLI.0001","error_msg":"m"}`)), func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		var mu sync.Mutex
		seen := make(map[*upstream.Error]bool)
		for range 5 {
			running.Go(func() {
				e := failure(t, callGet(t.Context(), b.Router))
				e.Message = "changed"
				mu.Lock()
				seen[e] = true
				mu.Unlock()
			})
		}
		running.Wait()
		if len(seen) != 5 || b.requests.Load() != 1 {
			t.Errorf("%d errors of %d requests", len(seen), b.requests.Load())
		}
	})
}

// With the caller's own credentials only that caller shares.
func TestCallersTokensAreKeptApart(t *testing.T) {
	cfg := &configv1.Upstream{Endpoint: "http://127.0.0.1:1", Credentials: &configv1.Upstream_PassThrough{PassThrough: &configv1.PassThrough{}}}
	var mu sync.Mutex
	seen := make(map[string]int)
	inBubble(t, cfg, func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(time.Second)
		token := r.Header.Get("X-Auth-Token")
		mu.Lock()
		seen[token]++
		mu.Unlock()
		if token == "bad-token" {
			answer(401, `{"error_code":"APIGW.0301","error_msg":"m"}`)(w, r)
			return
		}
		answer(200, `{"name":"`+token+`"}`)(w, r)
	}, func(t *testing.T, b *bubble) {
		var running sync.WaitGroup
		for i := range 6 {
			running.Go(func() {
				token := fmt.Sprint("token-", i%2)
				var got connsvcv1.EnhancedConnection
				if err := callOf(record.NewContext(t.Context(), &record.Call{CallerToken: token}), b.Router, get, getRequest(), &got); err != nil || got.GetName() != token {
					t.Errorf("the caller with %s was answered %q: %v", token, got.GetName(), err)
				}
			})
		}
		running.Wait()
		if diff := cmp.Diff(map[string]int{"token-0": 1, "token-1": 1}, seen); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		e := wantKind(t, callGet(record.NewContext(t.Context(), &record.Call{CallerToken: "bad-token"}), b.Router), upstream.Status, true)
		if !e.CallersOwn {
			t.Error("a 401 to the caller's token is not said to be the caller's")
		}
		for _, call := range []func(context.Context, *upstream.Router) error{callGet, callCreate} {
			if e := wantKind(t, call(t.Context(), b.Router), upstream.Unauthorized, false); !e.CallersOwn {
				t.Error("a missing token is not said to be the caller's")
			}
		}
	})
}

// What an answer that broke off has left is not in the one that follows.
func TestRepeatedReadStartsAnew(t *testing.T) {
	n := 0
	inBubble(t, retrying(2), func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 1 {
			_, _ = io.WriteString(w, `{"dest_vpc_id":"left","hosts":[{"name":"left"}],"name":`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		answer(200, `{"name":"n"}`)(w, r)
	}, func(t *testing.T, b *bubble) {
		got := &connsvcv1.EnhancedConnection{}
		if err := callOf(t.Context(), b.Router, get, getRequest(), got); err != nil {
			t.Fatal(err)
		}
		if got.GetName() != "n" || got.GetDestVpcId() != "" || len(got.GetHosts()) != 0 {
			t.Errorf("got %v", got)
		}
	})
}

// A panic is that of those who wait, and no later read's.
func TestPanicOfARead(t *testing.T) {
	panics := true
	endpoint := newServer(t, answer(200, `{}`))
	o, reader := measured(upstream.Options{Tracer: panicking{when: func() bool { return panics }}})
	r := router(t, o, protected(endpoint))
	func() {
		defer func() {
			p, _ := recover().(error)
			if !errors.Is(p, errDefect) || !strings.Contains(fmt.Sprint(p), "reads.go") {
				t.Errorf("recovered %v", p)
			}
		}()
		_ = callGet(t.Context(), r)
	}()
	panics = false
	if err := callGet(t.Context(), r); err != nil {
		t.Error(err)
	}
	if got := statsOf(t, reader).inFlight; got != 0 {
		t.Errorf("%d are in flight", got)
	}
}

var errDefect = errors.New("defect")

// A panicking tracer panics at times.
type panicking struct {
	noop.Tracer
	when func() bool
}

func (p panicking) Start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	if p.when() {
		panic(errDefect)
	}
	return p.Tracer.Start(ctx, name, o...)
}

// A lateContext ends in the moment that somebody waits for its end, and something
// else has happened meanwhile.
type lateContext struct {
	context.Context
	end func()
}

func (c lateContext) Done() <-chan struct{} {
	time.Sleep(2 * time.Second)
	c.end()
	return c.Context.Done()
}

// An answer that is there when its caller goes is the caller's.
func TestAnswerIsNotLostToChance(t *testing.T) {
	inBubble(t, withToken("http://127.0.0.1:1"), slowly(answer(200, `{"name":"n"}`)), func(t *testing.T, b *bubble) {
		for range 32 {
			ctx, cancel := context.WithCancel(t.Context())
			var got connsvcv1.EnhancedConnection
			if err := callOf(lateContext{ctx, cancel}, b.Router, get, getRequest(), &got); err != nil || got.GetName() != "n" {
				t.Fatalf("got %v, %v", &got, err)
			}
		}
	})
}
