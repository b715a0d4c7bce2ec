package server_test

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	configv1 "github.com/connsvc/connsvc/gen/go/connsvc/config/v1"
	connsvcv1 "github.com/connsvc/connsvc/gen/go/connsvc/v1"
	"github.com/connsvc/connsvc/internal/auth"
	"github.com/connsvc/connsvc/internal/call"
	"github.com/connsvc/connsvc/internal/certs/certstest"
	"github.com/connsvc/connsvc/internal/server"
	"github.com/connsvc/connsvc/internal/server/chain"
)

// callerToken is a token that authConfig knows, of a principal in the group ops.
const callerToken = "CANARY-0123456789abcdef0123456789abcdef"

// authConfig authenticates by callerToken.
func authConfig() *configv1.Auth {
	return &configv1.Auth{Tokens: []*configv1.CallerToken{{
		Name: "orders", Groups: []string{"ops"}, Sha256: &configv1.Secret{Source: &configv1.Secret_Env{Env: "ORDERS"}},
	}}}
}

// guarded starts a server whose callers are authenticated.
func guarded(t *testing.T, service connsvcv1.ConnectionServiceServer, cfg *configv1.Auth, change func(*setup)) *bench {
	t.Helper()
	with := setup{
		config: func(c *configv1.Config) { c.Auth = cfg },
		options: func(o *server.Options) {
			callers, err := auth.New(cfg, auth.Options{
				Log: o.Telemetry.Log, Meter: o.Telemetry.Meter,
				Secret: func(*configv1.Secret) (string, error) {
					sum := sha256.Sum256([]byte(callerToken))
					return hex.EncodeToString(sum[:]), nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(callers.Close)
			o.Guard = &chain.Guard{Auth: callers}
		},
	}
	if change != nil {
		change(&with)
	}
	return start(t, service, with)
}

func bearer(tokens ...string) metadata.MD {
	md := metadata.MD{}
	for _, token := range tokens {
		md.Append("authorization", "Bearer "+token)
	}
	return md
}

// TestCallersAreAuthenticated over both APIs: without valid credentials the service is
// not called, and no part of the credentials is in the error or in the log.
func TestCallersAreAuthenticated(t *testing.T) {
	for _, tt := range []struct {
		name string
		sent metadata.MD
		want string // reason; empty: it is served
	}{
		{"none", nil, "CALLER_UNAUTHENTICATED"},
		{"right", bearer(callerToken), ""},
		{"right, in lower case", metadata.MD{"authorization": {"bearer  " + callerToken}}, ""},
		{"wrong", bearer("CANARY-wrong"), "CALLER_UNAUTHENTICATED"},
		{"cut", bearer(callerToken[:len(callerToken)-1]), "CALLER_UNAUTHENTICATED"},
		{"empty", bearer(""), "CALLER_UNAUTHENTICATED"},
		{"twice", bearer(callerToken, callerToken), "CALLER_UNAUTHENTICATED"},
		{"a list", metadata.MD{"authorization": {"Bearer x, Bearer " + callerToken}}, "CALLER_UNAUTHENTICATED"},
		{"another scheme", metadata.MD{"authorization": {"Basic " + callerToken}}, "CALLER_UNAUTHENTICATED"},
		{"long", bearer(strings.Repeat("CANARY", 4<<10)), "CALLER_UNAUTHENTICATED"},
		{"as DLI's token", metadata.MD{"x-auth-token": {callerToken}}, "CALLER_UNAUTHENTICATED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			overBothAPIs(t, func(t *testing.T, d api) {
				caller, origin := "", ""
				b := guarded(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
					caller, origin = call.From(ctx).Caller, call.From(ctx).Origin
					return nil
				}}, authConfig(), nil)
				got := d.create(t, b, createRequest(), tt.sent)
				logged := b.logs.await(t, "call", got.requestID)
				if got.reason != tt.want || got.status != 0 && (got.status == http.StatusUnauthorized) != (tt.want != "") {
					t.Errorf("got %+v", got)
				}
				if want := map[bool]string{true: "token:orders"}[tt.want == ""]; caller != want || want != "" && logged["caller"] != want {
					t.Errorf("caller %q, logged %v; want %q", caller, logged, want)
				}
				if want := map[bool]string{true: "caller:token:orders"}[tt.want == ""]; origin != want {
					t.Errorf("origin %q, want %q", origin, want)
				}
				if got.status == http.StatusUnauthorized && got.header.Get("WWW-Authenticate") == "" {
					t.Errorf("no WWW-Authenticate in %v", got.header)
				}
				if all := b.logs.String() + got.text; strings.Contains(all, "CANARY") {
					t.Errorf("the credentials are shown: %s", all)
				}
			})
		})
	}
}

// TestUnauthenticatedBodyIsNotRead: the response comes before the body does.
func TestUnauthenticatedBodyIsNotRead(t *testing.T) {
	b := guarded(t, &stub{}, authConfig(), nil)
	body, write := io.Pipe()
	defer write.Close()
	if got := b.do(t, http.MethodPost, connections, nil, body); got.reason != "CALLER_UNAUTHENTICATED" {
		t.Errorf("got %+v", got)
	}
}

// TestAnonymous: a call without credentials is allowed explicitly, one with invalid
// credentials is not. It counts against its address, not against all without credentials.
func TestAnonymous(t *testing.T) {
	cfg := authConfig()
	cfg.Anonymous = true
	overBothAPIs(t, func(t *testing.T, d api) {
		origin := ""
		b := guarded(t, &stub{on: func(ctx context.Context, _ proto.Message) error {
			origin = call.From(ctx).Origin
			return nil
		}}, cfg, nil)
		got := d.create(t, b, createRequest(), nil)
		if origin != "address:127.0.0.1" {
			t.Errorf("origin %q", origin)
		}
		if logged := b.logs.await(t, "call", got.requestID); got.code != "OK" || logged["caller"] != "anonymous" {
			t.Errorf("got %+v, logged %v", got, logged)
		}
		if got := d.create(t, b, createRequest(), bearer("wrong")); got.reason != "CALLER_UNAUTHENTICATED" {
			t.Errorf("got %+v", got)
		}
	})
}

// TestCertificatesAreIdentities: of a verified certificate the SPIFFE ID or a DNS name.
func TestCertificatesAreIdentities(t *testing.T) {
	a := certstest.NewAuthority(t)
	f := certstest.NewFolder(t, a.Issue(t, "server"), a)
	b := guarded(t, &stub{}, &configv1.Auth{Mtls: &configv1.MTLS{}}, func(s *setup) {
		s.config = func(c *configv1.Config) { c.Grpc.Tls, c.Rest.Tls = f.TLS(), f.TLS() }
	})
	id := func(config *tls.Config) string { return secureGRPC(t, b, config) }
	of := func(change ...func(*tls.Config)) *tls.Config {
		config := &tls.Config{RootCAs: a.Pool()}
		for _, c := range change {
			c(config)
		}
		return config
	}
	spiffe := a.Issue(t, "x", certstest.URIs(t, "spiffe://example/orders")).Pair(t)
	nameless := a.Issue(t, "token:ops").Pair(t)
	with := func(cert tls.Certificate) func(*tls.Config) {
		return func(c *tls.Config) { c.Certificates = []tls.Certificate{cert} }
	}
	if logged := b.logs.await(t, "call", id(of(with(spiffe)))); logged["caller"] != "mtls:spiffe://example/orders" {
		t.Errorf("logged %v", logged)
	}
	if logged := b.logs.await(t, "call", id(of(with(nameless)))); logged["reason"] != "CALLER_UNAUTHENTICATED" || logged["caller"] != nil {
		t.Errorf("logged %v", logged)
	}
}

// TestAuxiliary: health and reflection are open where they are named, each by itself.
func TestAuxiliary(t *testing.T) {
	for _, open := range [][]configv1.Auth_Open{nil, {configv1.Auth_HEALTH}, {configv1.Auth_REFLECTION}} {
		cfg := authConfig()
		cfg.AllowUnauthenticated = open
		b := guarded(t, &stub{}, cfg, func(s *setup) {
			options := s.options
			s.options = func(o *server.Options) { options(o); o.Reflection = true }
		})
		for _, md := range []metadata.MD{nil, bearer(callerToken), bearer("wrong")} {
			ctx := metadata.NewOutgoingContext(t.Context(), md)
			_, health := healthv1.NewHealthClient(b.conn).Check(ctx, &healthv1.HealthCheckRequest{})
			watch, err := healthv1.NewHealthClient(b.conn).Watch(ctx, &healthv1.HealthCheckRequest{})
			if err != nil {
				t.Fatal(err)
			}
			_, watched := watch.Recv()
			stream, err := reflectionv1.NewServerReflectionClient(b.conn).ServerReflectionInfo(ctx)
			if err != nil {
				t.Fatal(err)
			}
			_ = stream.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}})
			_, reflection := stream.Recv()
			for what, err := range map[configv1.Auth_Open]error{configv1.Auth_HEALTH: health, configv1.Auth_REFLECTION: reflection} {
				want := codes.Unauthenticated
				if len(md) > 0 && md.Get("authorization")[0] == "Bearer "+callerToken || len(open) > 0 && open[0] == what {
					want = codes.OK
				}
				if status.Code(err) != want {
					t.Errorf("open %v, sent %v: %v is answered %v", open, md, what, err)
				}
			}
			if status.Code(watched) != status.Code(health) {
				t.Errorf("Watch is answered %v", watched)
			}
		}
	}
}

// TestOperators: beyond loopback the admin port is for operators, but for the probes.
func TestOperators(t *testing.T) {
	operators := authConfig()
	operators.Operators = []string{"group:ops"}
	others := authConfig()
	others.Operators = []string{"token:other"}
	open := authConfig()
	open.AllowUnauthenticated = []configv1.Auth_Open{configv1.Auth_METRICS}
	anonymous := &configv1.Auth{Anonymous: true}
	for _, tt := range []struct {
		name          string
		auth          *configv1.Auth
		remote        bool
		token         string
		read, operate int
	}{
		{"loopback, nobody is authenticated", nil, false, "", 200, 200},
		{"loopback", operators, false, "", 200, 401},
		{"loopback, wrong", operators, false, "wrong", 200, 401},
		{"loopback, an operator", operators, false, callerToken, 200, 200},
		{"remote, nobody is authenticated", nil, true, "", 200, 403},
		{"remote, anonymous", anonymous, true, "", 200, 403},
		{"remote", operators, true, "", 401, 401},
		{"remote, wrong", operators, true, "wrong", 401, 401},
		{"remote, not an operator", others, true, callerToken, 403, 403},
		{"remote, an operator", operators, true, callerToken, 200, 200},
		{"remote, metrics are open", open, true, "", 200, 401},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := guarded(t, &stub{}, tt.auth, func(s *setup) {
				s.config = func(c *configv1.Config) { c.Admin.Pprof = true }
				if tt.auth == nil {
					s.options = nil
				}
			})
			if tt.remote {
				b.server.ExposeAdmin()
			}
			b.awaitReady(t)
			for _, path := range []string{"/livez", "/readyz", "/startupz"} {
				b.wantAdmin(t, http.MethodGet, path, "", 200)
			}
			for _, path := range []string{"/", "/metrics", "/version", "/loglevel"} {
				b.wantAdmin(t, http.MethodGet, path, tt.token, tt.read)
			}
			b.wantAdmin(t, http.MethodPut, "/loglevel", tt.token, tt.operate)
			b.wantAdmin(t, http.MethodGet, "/debug/pprof/heap", tt.token, tt.operate)
			b.wantAdmin(t, http.MethodGet, "/debug/pprof/cmdline", tt.token, tt.operate)
		})
	}
}

func (b *bench) wantAdmin(t *testing.T, method, path, token string, want int) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+b.server.AdminAddr().String()+path, strings.NewReader("debug"))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if status, text := b.send(t, req); status != want {
		t.Errorf("%s %s: got %d %q, want %d", method, path, status, text, want)
	}
}
