package upstream_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/httprule"
	"github.com/connsvc/connsvc/internal/upstream"
)

// retrying repeats up to attempts times without a bound but time's.
func retrying(attempts int32) *configv1.Upstream {
	u := withToken("http://127.0.0.1:1")
	u.Retry = &configv1.Retry{
		MaxAttempts: attempts, BaseDelay: durationpb.New(100 * time.Millisecond), MaxDelay: durationpb.New(5 * time.Second),
		BudgetPercent: proto.Int32(100),
	}
	return u
}

// everyRPC returns the full methods of the contract.
// everyRPC returns every RPC that is an operation of DLI.
func everyRPC() []string {
	var all []string
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0)
	for i := range service.Methods().Len() {
		if !httprule.IsDLI(service.Methods().Get(i)) {
			continue
		}
		all = append(all, fmt.Sprintf("/%s/%s", service.FullName(), service.Methods().Get(i).Name()))
	}
	return all
}

// requestOf returns a request of an RPC with every string of its path set.
func requestOf(t testing.TB, fullMethod string) (req, resp proto.Message) {
	t.Helper()
	service := connsvcv1.File_connsvc_v1_connection_service_proto.Services().Get(0)
	method := service.Methods().ByName(protoreflect.Name(fullMethod[strings.LastIndexByte(fullMethod, '/')+1:]))
	make := func(d protoreflect.MessageDescriptor) proto.Message {
		message, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
		if err != nil {
			t.Fatal(err)
		}
		return message.New().Interface()
	}
	req, resp = make(method.Input()), make(method.Output())
	for _, name := range []protoreflect.Name{"project_id", "connection_id", "name", "queue_name"} {
		if f := method.Input().Fields().ByName(name); f != nil {
			req.ProtoReflect().Set(f, protoreflect.ValueOfString("p1"))
		}
	}
	return req, resp
}

// What of every RPC is repeated after which failure, as docs/reliability.md says.
func TestWhatIsRepeated(t *testing.T) {
	failures := map[string]http.HandlerFunc{
		"429": failing(1, 429), "502": failing(1, 502), "503": failing(1, 503), "504": failing(1, 504),
		"400": failing(1, 400), "401": failing(1, 401), "408": failing(1, 408), "500": failing(1, 500),
	}
	for _, method := range everyRPC() {
		class := documentedClass(t, method)
		for name := range failures {
			t.Run(method[strings.LastIndexByte(method, '/')+1:]+" "+name, func(t *testing.T) {
				status := 0
				_, _ = fmt.Sscan(name, &status)
				inBubble(t, retrying(3), failing(1, status), func(t *testing.T, b *bubble) {
					req, resp := requestOf(t, method)
					err := callOf(t.Context(), b.Router, method, req, resp)
					want := int64(1)
					if strings.Contains(class, name) {
						want = 2
					}
					if (err == nil) != (want == 2) || b.requests.Load() != want {
						t.Errorf("%d requests arrived, want %d: %v", b.requests.Load(), want, err)
					}
				})
			})
		}
		for name, kind := range map[string]upstream.Kind{
			"no connection": upstream.Unreachable, "broken": upstream.Broken, "timeout": upstream.Timeout,
			"malformed": upstream.Malformed, "refused": upstream.Unsuccessful, "cancelled": upstream.Cancelled,
		} {
			covered, known := upstream.Allows(method, &upstream.Error{Kind: kind, Sent: true})
			if !known || covered != strings.Contains(class, name) {
				t.Errorf("%s after %s: covered %t, known %t; documented as %q", method, name, covered, known, class)
			}
		}
	}
}

// documentedClass returns after what an RPC is repeated, as its row of the docs says.
func documentedClass(t *testing.T, fullMethod string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	name := fullMethod[strings.LastIndexByte(fullMethod, '/')+1:]
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 && strings.Contains(cells[1], "`"+name+"`") {
			return cells[2]
		}
	}
	t.Fatalf("docs/reliability.md has no row for %s", name)
	return ""
}

func TestRetryAfter(t *testing.T) {
	for _, tt := range []struct {
		name     string
		after    func() string
		repeated bool
	}{
		{"none", func() string { return "" }, true},
		{"seconds", func() string { return "4" }, true},
		{"date", func() string { return time.Now().Add(4 * time.Second).UTC().Format(http.TimeFormat) }, true},
		{"too many seconds", func() string { return "6" }, false},
		{"too late a date", func() string { return time.Now().Add(7 * time.Second).UTC().Format(http.TimeFormat) }, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			first := true
			handler := func(w http.ResponseWriter, r *http.Request) {
				if first {
					first = false
					answer(503, "", "Retry-After", tt.after())(w, r)
					return
				}
				answer(200, `{}`)(w, r)
			}
			inBubble(t, retrying(2), handler, func(t *testing.T, b *bubble) {
				start := time.Now()
				err := callGet(t.Context(), b.Router)
				waited := time.Since(start)
				if (err == nil) != tt.repeated {
					t.Fatalf("Call: %v", err)
				}
				switch {
				case !tt.repeated:
					if e := failure(t, err); waited != 0 || e.RetryAfter < 6*time.Second {
						t.Errorf("waited %v, told to retry after %v", waited, e.RetryAfter)
					}
				case tt.after() != "" && (waited < 4*time.Second || waited > 4100*time.Millisecond):
					t.Errorf("waited %v, want as long as was asked, and up to the base delay", waited)
				case tt.after() == "" && waited > 100*time.Millisecond:
					t.Errorf("waited %v, want a part of the base delay", waited)
				}
			})
		})
	}
}

// The delay grows, is random and has a bound.
func TestDelays(t *testing.T) {
	cfg := retrying(10)
	cfg.Retry.MaxDelay = durationpb.New(time.Second)
	var longest [9]time.Duration
	for range 50 {
		var at []time.Time
		handler := func(w http.ResponseWriter, r *http.Request) {
			at = append(at, time.Now())
			answer(503, "")(w, r)
		}
		inBubble(t, cfg, handler, func(t *testing.T, b *bubble) { _ = callGet(t.Context(), b.Router) })
		for i := 1; i < len(at); i++ {
			longest[i-1] = max(longest[i-1], at[i].Sub(at[i-1]))
		}
	}
	for i, got := range longest {
		ceiling := min(100*time.Millisecond<<i, time.Second)
		if got > ceiling || got < ceiling/2 {
			t.Errorf("the longest delay %d of 50 was %v, want one up to %v", i+1, got, ceiling)
		}
	}
}

// A call is not repeated where the caller's deadline leaves no time to answer; the
// answer that is there is given at once.
func TestDeadlineLeavesNoTime(t *testing.T) {
	inBubble(t, retrying(5), answer(503, "", "Retry-After", "2"), func(t *testing.T, b *bubble) {
		ctx, cancel := context.WithTimeout(t.Context(), 2050*time.Millisecond)
		defer cancel()
		start := time.Now()
		for _, call := range []func(context.Context, *upstream.Router) error{callGet, callRemove} {
			if e := wantKind(t, call(ctx, b.Router), upstream.Status, true); e.RetryAfter != 2*time.Second || time.Since(start) != 0 {
				t.Errorf("%v after %v", e, time.Since(start))
			}
		}
		longer, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
		defer cancel()
		_ = callRemove(longer, b.Router)
		if b.requests.Load() != 4 {
			t.Errorf("%d requests arrived, want 2 and the 2 of the call that had time", b.requests.Load())
		}
	})
}

func callRemove(ctx context.Context, r *upstream.Router) error {
	req := &connsvcv1.DeleteEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection}
	return callOf(ctx, r, remove, req, &connsvcv1.DeleteEnhancedConnectionResponse{})
}

// A caller who goes while a call waits to be repeated goes at once.
func TestGoneWhileWaiting(t *testing.T) {
	inBubble(t, retrying(5), answer(503, "", "Retry-After", "5"), func(t *testing.T, b *bubble) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		start := time.Now()
		if e := wantKind(t, callRemove(ctx, b.Router), upstream.Cancelled, true); !e.MayHaveExecuted || time.Since(start) != time.Second {
			t.Errorf("repeated %t after %v", e.MayHaveExecuted, time.Since(start))
		}
	})
}

// An error says whether an attempt before it may have done what it could not.
func TestRepeatedIsTold(t *testing.T) {
	for _, tt := range []struct {
		first int // 0: no connection
		want  bool
	}{{0, false}, {429, false}, {502, true}, {503, true}, {504, true}} {
		t.Run(strconv.Itoa(tt.first), func(t *testing.T) {
			n := 0
			handler := func(w http.ResponseWriter, r *http.Request) {
				if n++; n == 1 && tt.first > 0 {
					answer(tt.first, "")(w, r)
					return
				}
				answer(404, `{"error_code":"DLI.0023","error_msg":"m"}`)(w, r)
			}
			inBubble(t, retrying(3), handler, func(t *testing.T, b *bubble) {
				if tt.first == 0 {
					b.down.Store(true)
					time.AfterFunc(time.Nanosecond, func() { b.down.Store(false) })
				}
				if e := wantKind(t, callRemove(t.Context(), b.Router), upstream.Status, true); e.HTTPStatus != 404 || e.MayHaveExecuted != tt.want {
					t.Errorf("status %d, repeated %t, want %t", e.HTTPStatus, e.MayHaveExecuted, tt.want)
				}
			})
		})
	}
}

// An idempotent call whose connection breaks is sent again; a create is not.
func TestBrokenConnection(t *testing.T) {
	broken := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	for _, c := range []struct {
		call func(context.Context, *upstream.Router) error
		want int64
	}{{callGet, 4}, {callRemove, 4}, {callCreate, 1}} {
		inBubble(t, retrying(4), broken, func(t *testing.T, b *bubble) {
			wantKind(t, c.call(t.Context(), b.Router), upstream.Broken, true)
			if b.requests.Load() != c.want {
				t.Errorf("%d requests arrived, want %d", b.requests.Load(), c.want)
			}
		})
	}
}

// TestEveryRPCNeedsAPolicy: an RPC that was added to the proto alone is found at start,
// not at its first call.
func TestEveryRPCNeedsAPolicy(t *testing.T) {
	for _, method := range everyRPC() {
		if err := upstream.OperationsWithout(method); err == nil || !strings.Contains(err.Error(), method) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

// TestIdempotencyIsTheContract: clients retry by the levels of the proto, and connsvc by
// its table.
func TestIdempotencyIsTheContract(t *testing.T) {
	methods := connsvcv1.File_connsvc_v1_connection_service_proto.Services().ByName("ConnectionService").Methods()
	for i := range methods.Len() {
		m := methods.Get(i)
		if !httprule.IsDLI(m) {
			continue
		}
		level := m.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel()
		name := fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
		retried, _ := upstream.Allows(name, &upstream.Error{Kind: upstream.Broken, Sent: true})
		if declared := level != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN; declared != retried {
			t.Errorf("%s: the proto's idempotency_level is %v, but retried after a broken connection: %t", name, level, retried)
		}
	}
}
