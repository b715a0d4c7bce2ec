package upstream_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/upstream"
)

const (
	project    = "48cc2c48765f481480c7db940d6409d1"
	connection = "2a620c33-5609-40c9-affd-2b6453071b0f"
	listPath   = "/v2.0/" + project + "/datasource/enhanced-connections"

	create = connsvcv1.ConnectionService_CreateEnhancedConnection_FullMethodName
	get    = connsvcv1.ConnectionService_GetEnhancedConnection_FullMethodName
	list   = connsvcv1.ConnectionService_ListEnhancedConnections_FullMethodName
	remove = connsvcv1.ConnectionService_DeleteEnhancedConnection_FullMethodName
	hosts  = connsvcv1.ConnectionService_UpdateEnhancedConnectionHosts_FullMethodName
)

// The credentials of the tests: canaries that no error may sing.
const (
	canaryID     = "CANARYACCESSKEYID"
	canarySecret = "CANARYSECRETACCESSKEY"
	canaryTemp   = "CANARYSECURITYTOKEN"
	canaryToken  = "CANARYIAMTOKEN"
)

// secrets reads an env secret as its own name.
func secrets(s *configv1.Secret) (string, error) {
	if s.GetEnv() == "" {
		return "", errors.New("no such secret")
	}
	return s.GetEnv(), nil
}

func env(name string) *configv1.Secret {
	return &configv1.Secret{Source: &configv1.Secret_Env{Env: name}}
}

func signedBy(endpoint string, projects ...string) *configv1.Upstream {
	return &configv1.Upstream{Endpoint: endpoint, Projects: projects, Credentials: &configv1.Upstream_AccessKey{
		AccessKey: &configv1.AccessKey{Id: env(canaryID), Secret: env(canarySecret), SecurityToken: env(canaryTemp)},
	}}
}

func withToken(endpoint string, projects ...string) *configv1.Upstream {
	return &configv1.Upstream{Endpoint: endpoint, Projects: projects, Credentials: &configv1.Upstream_Token{Token: env(canaryToken)}}
}

func router(t testing.TB, o upstream.Options, upstreams ...*configv1.Upstream) *upstream.Router {
	t.Helper()
	o.Secret = secrets
	r, err := upstream.New(upstreams, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(context.Background()) })
	return r
}

// served makes a router before a server that answers by handler.
func served(t testing.TB, o upstream.Options, handler http.HandlerFunc) *upstream.Router {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return router(t, o, signedBy(server.URL))
}

// answer is a handler that answers always the same.
func answer(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func createRequest() *connsvcv1.CreateEnhancedConnectionRequest {
	return &connsvcv1.CreateEnhancedConnectionRequest{
		ProjectId:     project,
		Name:          "n",
		DestVpcId:     "22094d8f-c310-4621-913d-4c4d655d8495",
		DestNetworkId: "78f2562a-36e4-4b39-95b9-f5aab22e1281",
		Queues:        []string{"q1"},
		Hosts:         []*connsvcv1.Host{{Name: "ecs", Ip: "192.168.0.1"}},
	}
}

func getRequest() *connsvcv1.GetEnhancedConnectionRequest {
	return &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: connection}
}

// callOf looks up the upstream of a request's project and calls it.
func callOf(ctx context.Context, r *upstream.Router, method string, req, resp proto.Message) error {
	c, err := r.For(req.(interface{ GetProjectId() string }).GetProjectId())
	if err != nil {
		return err
	}
	return c.Call(ctx, method, req, resp)
}

func callCreate(ctx context.Context, r *upstream.Router) error {
	return callOf(ctx, r, create, createRequest(), &connsvcv1.CreateEnhancedConnectionResponse{})
}

func callGet(ctx context.Context, r *upstream.Router) error {
	return callOf(ctx, r, get, getRequest(), &connsvcv1.EnhancedConnection{})
}

// failure returns err as the *Error it must be.
func failure(t testing.TB, err error) *upstream.Error {
	t.Helper()
	e, ok := err.(*upstream.Error)
	if !ok || e == nil {
		t.Fatalf("got %T %v, want an *upstream.Error", err, err)
	}
	return e
}

// wantKind checks what every caller looks at.
func wantKind(t testing.TB, err error, kind upstream.Kind, sent bool) *upstream.Error {
	t.Helper()
	e := failure(t, err)
	if e.Kind != kind || e.Sent != sent {
		t.Errorf("kind %v, sent %t, want %v, %t: %v (%v)", e.Kind, e.Sent, kind, sent, e, e.Err)
	}
	return e
}

func newServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

func unescaped(t testing.TB, segment string) string {
	t.Helper()
	s, err := url.PathUnescape(segment)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func callList(t testing.TB, r *upstream.Router, name string) error {
	t.Helper()
	req := &connsvcv1.ListEnhancedConnectionsRequest{ProjectId: project, Name: name}
	return callOf(t.Context(), r, list, req, &connsvcv1.ListEnhancedConnectionsResponse{})
}

// protected is signedBy with what internal/config switches on by default.
func protected(endpoint string, projects ...string) *configv1.Upstream {
	u := signedBy(endpoint, projects...)
	u.Retry = &configv1.Retry{
		MaxAttempts: 3, BaseDelay: durationpb.New(100 * time.Millisecond), MaxDelay: durationpb.New(5 * time.Second),
		BudgetPercent: proto.Int32(20),
	}
	u.Protection = &configv1.Protection{MaxConcurrency: 200, BreakerFailures: 20, BreakerDelay: durationpb.New(2 * time.Second)}
	return u
}

// as returns a context in which a caller calls.
func as(ctx context.Context, caller string) context.Context {
	return call.NewContext(ctx, &call.Call{Origin: caller})
}

// getIn reads a connection of a project.
func getIn(ctx context.Context, r *upstream.Router, project, id string) error {
	req := &connsvcv1.GetEnhancedConnectionRequest{ProjectId: project, ConnectionId: id}
	return callOf(ctx, r, get, req, &connsvcv1.EnhancedConnection{})
}
