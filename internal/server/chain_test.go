package server_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/apierror"
)

// TestEveryEndIsObserved holds the order of the chain by its effects: whatever a
// call ends with, its caller, the log and the metrics are told the same.
func TestEveryEndIsObserved(t *testing.T) {
	invalid := createRequest()
	invalid.Name = "no-hyphens"
	for _, tt := range []struct {
		name         string
		request      *connsvcv1.CreateEnhancedConnectionRequest
		on           func(context.Context, proto.Message) error
		config       func(*configv1.Config)
		code, reason string
		level        string
	}{
		{"success", createRequest(), nil, nil, "OK", "", "INFO"},
		{"refused by validation", invalid, nil, nil, "INVALID_ARGUMENT", "VALIDATION_FAILED", "INFO"},
		{
			"shed", createRequest(), nil, func(c *configv1.Config) { c.Limits.MaxCalls = 0 },
			"UNAVAILABLE", "OVERLOADED", "WARN",
		},
		{
			"too large", createRequest(), nil, func(c *configv1.Config) { c.Limits.MaxRequestBytes = 100 },
			"RESOURCE_EXHAUSTED", "BODY_TOO_LARGE", "INFO",
		},
		{
			"answer too large", createRequest(), nil, func(c *configv1.Config) { c.Limits.MaxResponseBytes = 10 },
			"RESOURCE_EXHAUSTED", "ANSWER_TOO_LARGE", "INFO",
		},
		{
			"error of the service", createRequest(),
			func(context.Context, proto.Message) error {
				return apierror.New(connsvcv1.ErrorReason_NAME_TAKEN, "", errSecret)
			}, nil, "ALREADY_EXISTS", "NAME_TAKEN", "INFO",
		},
		{
			"error nobody knows", createRequest(),
			func(context.Context, proto.Message) error { return errSecret },
			nil, "INTERNAL", "INTERNAL", "WARN",
		},
		{
			"panic", createRequest(),
			func(context.Context, proto.Message) error { panic(errSecret.Error()) },
			nil, "INTERNAL", "INTERNAL", "WARN",
		},
		{
			"panic that says what is known", createRequest(),
			func(context.Context, proto.Message) error {
				panic(apierror.New(connsvcv1.ErrorReason_CREATE_OUTCOME_UNKNOWN, "", errSecret))
			}, nil, "UNKNOWN", "CREATE_OUTCOME_UNKNOWN", "WARN",
		},
		{
			"deadline", createRequest(),
			func(ctx context.Context, _ proto.Message) error { <-ctx.Done(); return ctx.Err() },
			func(c *configv1.Config) { c.Limits.CallTimeout = durationpb.New(50 * time.Millisecond) },
			"DEADLINE_EXCEEDED", "UPSTREAM_TIMEOUT", "WARN",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				b := start(t, &stub{on: tt.on}, setup{config: tt.config})
				got := d.create(t, b, tt.request, metadata.MD{"x-request-id": {"mine"}})
				if got.code != tt.code || got.reason != tt.reason || got.requestID != "mine" {
					t.Errorf("got %s/%s of request %q, want %s/%s", got.code, got.reason, got.requestID, tt.code, tt.reason)
				}
				if strings.Contains(got.text, errSecret.Error()) {
					t.Errorf("the caller is told the cause: %s", got.text)
				}
				logged := b.logs.await(t, "call", "mine")
				want := line{"level": tt.level, "api": d.name, "code": tt.code, "rpc_method": "connsvc.v1.ConnectionService/CreateEnhancedConnection"}
				if tt.reason != "" {
					want["reason"] = tt.reason
				}
				if unread := tt.reason == "OVERLOADED" || tt.reason == "BODY_TOO_LARGE"; d.name == "rest" || !unread {
					want["project"] = project
				}
				if got.status != 0 {
					want["http_status"] = float64(got.status)
				}
				for key, value := range want {
					if logged[key] != value {
						t.Errorf("log has %s=%v, want %v: %v", key, logged[key], value, logged)
					}
				}
				if tt.level == "WARN" && tt.reason == "INTERNAL" && !strings.Contains(fmt.Sprint(logged["cause"]), errSecret.Error()) {
					t.Errorf("the cause is not in the log: %v", logged)
				}
				b.awaitMetric(t, "rpc_server_call_duration_seconds_count", map[string]string{
					"api": d.name, "rpc_method": "connsvc.v1.ConnectionService/CreateEnhancedConnection",
					"rpc_response_status_code": tt.code, "reason": tt.reason,
				})
			})
		})
	}
}

func TestPanicIsLoggedWithItsStack(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{on: func(context.Context, proto.Message) error { panic("at the disco") }}, setup{})
		got := d.create(t, b, createRequest(), nil)
		logged := b.logs.await(t, "panic", got.requestID)
		if !strings.Contains(fmt.Sprint(logged["stack"]), "stub_test.go") || logged["panic"] != "panic: at the disco" {
			t.Errorf("got %v", logged)
		}
	})
}

// TestAbortedCall keeps net/http's meaning of http.ErrAbortHandler, over its API.
func TestAbortedCall(t *testing.T) {
	b := start(t, &stub{on: func(context.Context, proto.Message) error { panic(http.ErrAbortHandler) }}, setup{})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+b.server.RESTAddr().String()+connections, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Request-Id", "aborted")
	if resp, err := b.http.Do(req); err == nil {
		t.Errorf("got an answer: %s", resp.Status)
	}
	b.logs.await(t, "call", "aborted")
	if got := createGRPC(t, b, createRequest(), nil); got.code != "INTERNAL" {
		t.Errorf("gRPC: got %s", got.code)
	}
}

func TestBothDoorsGiveTheServiceTheSame(t *testing.T) {
	want := createRequest()
	want.Hosts = []*connsvcv1.Host{{Name: "h", Ip: "192.168.0.1"}}
	want.Tags = []*connsvcv1.Tag{{Key: "k", Value: proto.String("")}}
	overBothAPIs(t, func(t *testing.T, d api) {
		var got proto.Message
		b := start(t, &stub{on: func(_ context.Context, req proto.Message) error { got = req; return nil }}, setup{})
		if r := d.create(t, b, want, nil); r.code != "OK" {
			t.Fatalf("got %+v", r)
		}
		if diff := cmp.Diff(proto.Message(want), got, protocmp.Transform()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestRequestID(t *testing.T) {
	for _, tt := range []struct {
		name string
		sent []string
		kept bool
	}{
		{"none", nil, false},
		{"usual", []string{"2f1c-A_b.c:d/e+f=g@h"}, true},
		{"longest", []string{strings.Repeat("x", 128)}, true},
		{"too long", []string{strings.Repeat("x", 129)}, false},
		{"space", []string{"a b"}, false},
		{"quote", []string{`a"b`}, false},
		{"two", []string{"a", "b"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				b := start(t, &stub{}, setup{})
				got := d.create(t, b, createRequest(), metadata.MD{"x-request-id": tt.sent})
				if tt.kept && got.requestID != tt.sent[0] {
					t.Errorf("got %q", got.requestID)
				}
				if !tt.kept && (len(got.requestID) != 36 || len(tt.sent) > 0 && got.requestID == tt.sent[0]) {
					t.Errorf("got %q, want one of connsvc's own", got.requestID)
				}
				b.logs.await(t, "call", got.requestID)
			})
		})
	}
}

// TestHeadersAreNotForwarded sends what a client of DLI sends, and more.
func TestHeadersAreNotForwarded(t *testing.T) {
	var got metadata.MD
	b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
		got, _ = metadata.FromIncomingContext(ctx)
		return nil
	}}, setup{})
	b.do(t, http.MethodGet, connections, http.Header{
		"Cookie": {"a=b"}, "X-Evil": {"1"}, "Grpc-Metadata-Admin": {"1"}, "Grpc-Timeout": {"1n"}, "X-Project-Id": {"other"},
		"X-Forwarded-For": {"10.0.0.1"}, "X-Forwarded-Host": {"other"}, "Content-Type": {"a/b;;"},
		"Authorization": {"SDK-HMAC-SHA256 x"}, "X-Auth-Token": {"t"}, "X-Request-Id": {"r"}, "Traceparent": {"00-0-0-00"},
	}, nil)
	if len(got) > 0 {
		t.Errorf("got %v", got)
	}
}

// TestSecretsAreNotLogged runs at the lowest level.
func TestSecretsAreNotLogged(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		b := start(t, &stub{on: func(context.Context, proto.Message) error { return errors.New("fault") }}, setup{})
		req := createRequest()
		req.Hosts = []*connsvcv1.Host{{Name: "hush-in-body"}}
		got := d.create(t, b, req, metadata.MD{"authorization": {"Bearer hush-authorization"}, "x-auth-token": {"hush-token"}, "cookie": {"hush=1"}})
		b.logs.await(t, "call", got.requestID)
		if text := b.logs.String(); strings.Contains(text, "hush") {
			t.Errorf("a secret is in the log:\n%s", text)
		}
	})
}

func TestDeadline(t *testing.T) {
	overBothAPIs(t, func(t *testing.T, d api) {
		var left time.Duration
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			at, ok := ctx.Deadline()
			if !ok {
				return errors.New("no deadline")
			}
			left = time.Until(at)
			return nil
		}}, setup{config: func(c *configv1.Config) { c.Limits.CallTimeout = durationpb.New(time.Hour) }})
		if got := d.create(t, b, createRequest(), nil); got.code != "OK" || left > time.Hour || left < 30*time.Minute {
			t.Errorf("got %s, with %v left", got.code, left)
		}
	})
	t.Run("the caller's is shorter", func(t *testing.T) {
		var left time.Duration
		b := start(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			at, _ := ctx.Deadline()
			left = time.Until(at)
			return nil
		}}, setup{})
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		// Less than that, and its answer would come when the caller has gone.
		if _, err := b.grpc.CreateEnhancedConnection(ctx, createRequest()); err != nil || left > patience-200*time.Millisecond {
			t.Errorf("got %v, with %v left", err, left)
		}
	})
}

// untouched fails the test when it is read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body is read")
	return 0, io.EOF
}

// TestShedCallHasNoBodyRead is why decoding stands inside of the chain.
func TestShedCallHasNoBodyRead(t *testing.T) {
	b := start(t, &stub{}, setup{config: func(c *configv1.Config) { c.Limits.MaxCalls = 0 }})
	if got := b.handle(t, request(t, http.MethodPost, connections, untouched{t})); got.reason != "OVERLOADED" || got.header.Get("Retry-After") != "1" {
		t.Errorf("got %+v", got)
	}
}
